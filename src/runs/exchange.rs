//! What deepSTRF 0.1.0 needs beside `model/config.json` to load a model: parts of which its file holds
//! nothing, and what it has no part for.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::keys::{Value, Values};
use crate::config::part::Row;
use crate::models::Architecture;

/// What its `from_pretrained` is to be given as `extra_kwargs`, and why it cannot load the model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// By argument: the object of its library to make.
    pub extra_kwargs: BTreeMap<String, String>,
    /// What it has no part for.
    pub no_part_for: Vec<String>,
}

/// The numbers that keys stand for where its models are always so.
const ALWAYS: [(&str, &str); 5] = [
    ("output_decay", "false"),
    ("hidden_readout", "0"),
    ("rnn_layers", "1"),
    ("norm", "\"batch\""),
    ("rectify", "true"),
];

impl Exchange {
    /// Of a model of so many neurons.
    pub fn of(architecture: &Architecture, neurons: usize) -> Self {
        let (extra_kwargs, no_part_for) = (BTreeMap::new(), Vec::new());
        let mut own = Self { extra_kwargs, no_part_for };
        own.prefilters(architecture);
        own.kernel(architecture);
        let values = &architecture.model.values;
        own.output(values, neurons);
        own.always("model", values);
        if let Some(gain) = &architecture.output_gain {
            own.no_part_for.push(format!("output_gain {}", gain.row.part().name));
        }
        own
    }

    fn give(&mut self, argument: &str, object: String) {
        self.extra_kwargs.insert(argument.to_owned(), object);
    }

    fn prefilters(&mut self, architecture: &Architecture) {
        match architecture.prefilters.as_slice() {
            [] => {}
            [chosen] => {
                let bins = count(&chosen.values, "kernel_bins");
                let size = if bins == 0 { "the filters' bins".into() } else { bins.to_string() };
                match chosen.row.part().name {
                    "adaptrans" => self.give(
                        "prefiltering",
                        format!("AdapTrans(init_a_vals, init_w_vals, kernel_size={size})"),
                    ),
                    "willmore" => self.give(
                        "prefiltering",
                        format!("ICAdaptation(init_a_vals, kernel_size={size})"),
                    ),
                    name => self.no_part_for.push(format!("prefilter {name}")),
                }
                self.always("prefilter", &chosen.values);
            }
            several => self.no_part_for.push(format!("{} prefilters", several.len())),
        }
    }

    fn kernel(&mut self, architecture: &Architecture) {
        let chosen = &architecture.parameterization;
        match chosen.row.part().name {
            "full" => {}
            "separable" if count(&chosen.values, "rank") == 1 => {
                self.give("kernel", "SeparableSTRF(F, T, C_in, C_out)".into());
            }
            "dcls" => {
                let gaussians = count(&chosen.values, "gaussians");
                let object =
                    format!("ParametricSTRF(F, T, C_in, C_out, num_gaussians={gaussians})");
                self.give("kernel", object);
            }
            name => {
                let rank = count(&chosen.values, "rank");
                self.no_part_for.push(format!("parameterization {name} of rank {rank}"));
            }
        }
    }

    fn output(&mut self, values: &Values, neurons: usize) {
        let object = match values.text("output").unwrap_or("identity") {
            "identity" => "torch.nn.Identity()".to_owned(),
            "relu" => "torch.nn.ReLU()".to_owned(),
            "sigmoid" => "torch.nn.Sigmoid()".to_owned(),
            "softplus" => "torch.nn.Softplus()".to_owned(),
            "parametric_sigmoid" => format!("ParametricSigmoid({neurons})"),
            "parametric_softplus" => format!("ParametricSoftplus({neurons})"),
            "double_exponential" => format!("ParametricDoubleExponential({neurons})"),
            name => return self.no_part_for.push(format!("output {name}")),
        };
        self.give("output_activation", object);
    }

    /// Keys whose values its models cannot have.
    fn always(&mut self, section: &str, values: &Values) {
        for (key, only) in ALWAYS {
            let found = match values.get(key) {
                Some(Value::Flag(flag)) => flag.to_string(),
                Some(Value::Integer(number)) => number.to_string(),
                Some(Value::Text(word)) => format!("{word:?}"),
                _ => continue,
            };
            if found != only {
                self.no_part_for.push(format!("{section}.{key} = {found}"));
            }
        }
    }
}

fn count(values: &Values, key: &str) -> usize {
    values.count(key).unwrap_or_default()
}
