//! Learnable compression: `y = ln((x + d)/d)` with `d = 10^shift`, one for each band or for all.
//! Levels far above `d` come out as their logarithm, levels far below it in proportion.
use candle_core::{Result, Tensor};

use super::{LEARNABLE, Prefilter, learnt_or_not};
use crate::base::error;
use crate::config::keys::{Default, Key, Kind, Range, Values};
use crate::config::part::Part;
use crate::models::dims::{Axis, Dims, Quantity};
use crate::models::layers::{Layer, MapShape, Pass};
use crate::models::ops::compression::Compression;
use crate::models::ops::stage::StageWithParameters;
use crate::models::params::{Scope, Start};

/// The row of `log`.
pub const PART: Part = Part {
    name: "log",
    summary: "compression ln((x + d)/d) of amplitude or power, with a learnable offset d",
    source: "Pennington & David (2023), PLoS Comput. Biol. 19(5):e1011110, doi:10.1371/journal.pcbi.1011110",
    keys: &[INIT_SHIFT, PER_BAND, LEARNABLE],
};

const INIT_SHIFT: Key = Key {
    name: "init_shift",
    kind: Kind::Number(Range::closed(-10.0, 10.0)),
    default: Default::Is("-1.0"),
    doc: "log10 of the offset before training, in standard deviations of the sound over the training \
          stimuli",
};
const PER_BAND: Key = Key {
    name: "per_band",
    kind: Kind::Flag,
    default: Default::Is("true"),
    doc: "whether each band has an offset of its own",
};

/// Parameter (buffer unless learnable) `shift`, `(F)` or `(1)`.
struct Log {
    shift: Tensor,
    learns: bool,
    bands: usize,
}

/// Takes the parameter from `scope`.
pub fn build(values: &Values, dims: &Dims, scope: &Scope) -> error::Result<Box<dyn Prefilter>> {
    let learns = values.flag("learnable")?;
    let count = if values.flag("per_band")? { dims.bands } else { 1 };
    let start = Start::Constant(values.number("init_shift")?);
    let shift = learnt_or_not(scope, learns, ("shift", count), start)?;
    Ok(Box::new(Log { shift, learns, bands: dims.bands }))
}

impl Log {
    /// `d` of every band, `(F)`.
    fn offsets(&self) -> Result<Tensor> {
        (&self.shift * std::f64::consts::LN_10)?.exp()?.broadcast_as(self.bands)?.contiguous()
    }
}

impl Layer for Log {
    fn output(&self, input: MapShape) -> MapShape {
        input
    }

    fn forward(&self, input: &Tensor, _pass: &Pass) -> Result<Tensor> {
        let relative = input.broadcast_div(&self.offsets()?.reshape((1, 1, self.bands, 1))?)?;
        (relative + 1.0)?.log()
    }

    fn stage(&self, input: MapShape) -> Result<Option<StageWithParameters>> {
        let stage = Compression { rows: input.bands };
        Ok(Some(StageWithParameters::new(stage, vec![self.offsets()?])))
    }

    fn learnt(&self) -> Result<Vec<Quantity>> {
        let values = self.offsets()?;
        Ok(vec![Quantity { name: "log_offset", unit: "1", axes: &[Axis::Frequency], values }])
    }
}

impl Prefilter for Log {
    fn learns(&self) -> bool {
        self.learns
    }

    fn keeps_unit(&self) -> bool {
        false
    }
}
