//! The card of a published model.
use askama::Template;

use super::citation::{parts, program, sources};
use super::deepstrf::LoadingCode;
use super::markdown::Text;
use super::{PICTURE, Publication};
use crate::base::error::{Error, Result};
use crate::base::wording::counted;
use crate::config::part::Row;
use crate::models::cores::INIT;

/// The text of a card; every value is Markdown.
#[derive(Template)]
#[template(path = "publication/card.md", escape = "none")]
struct Card {
    licence_tag: String,
    tags: Vec<String>,
    title: String,
    authors: Option<String>,
    lead: String,
    picture: Option<(&'static str, String)>,
    scores: String,
    scored_on: Vec<String>,
    neurons: String,
    of_neurons: Vec<String>,
    parts: String,
    parameters: usize,
    architecture: String,
    data: Vec<String>,
    split: String,
    treatment: Vec<String>,
    training: Vec<String>,
    neuron_count: usize,
    axes: String,
    has_core: bool,
    code: Option<String>,
    no_part_for: String,
    licence: Option<String>,
    citations: Vec<String>,
    sources: Vec<String>,
    program: String,
}

fn rendered(template: &impl Template) -> Result<String> {
    template.render().map_err(|error| Error::failed("putting together the card", error))
}

impl Publication<'_> {
    /// The card.
    pub(super) fn card(&self) -> Result<String> {
        Ok(rendered(&self.filled()?)?.trim_end().to_owned() + "\n")
    }

    fn filled(&self) -> Result<Card> {
        let architecture = &self.trained.architecture;
        let (neuron_count, axes) = (self.metadata.neurons.len(), self.axes());
        let parts = parts(architecture);
        let class = self.trained.network.reference().map(|reference| reference.class.name);
        let code = LoadingCode::of(&self.exchange, class, (self.metadata.bands, neuron_count));
        let code = code.map(|code| rendered(&code)).transpose()?;
        let foreign =
            |texts: &[String]| texts.iter().map(|text| Text::of(text).to_string()).collect();
        let authors: Vec<String> = foreign(&self.words.authors);
        let title = self.words.title.clone().unwrap_or_else(|| {
            format!("{} of {}", architecture.title(), counted(neuron_count, "neuron"))
        });
        Ok(Card {
            licence_tag: self.words.licence.map_or("unknown".into(), |of| of.id.to_lowercase()),
            tags: self.tags(code.is_some()),
            title: Text::of(&title).to_string(),
            authors: (!authors.is_empty()).then(|| authors.join(", ")),
            lead: self.lead(),
            picture: self.picture.as_ref().map(|picture| (PICTURE, picture.caption.clone())),
            scores: self.score_table(),
            scored_on: self.scored_on(),
            neurons: self.neuron_table(),
            of_neurons: self.of_neurons(),
            parts: self.part_table(),
            parameters: self.trained.parameters,
            architecture: architecture.to_toml()?,
            data: self.of_data(),
            split: self.split_table(),
            treatment: self.of_treatment(),
            training: self.fit.lines(&self.metadata),
            neuron_count,
            axes,
            has_core: architecture.model.row.part().keys.iter().any(|key| key.name == INIT.name),
            no_part_for: self.exchange.no_part_for.join(", "),
            code,
            licence: self.words.licence.map(|of| format!("{} ({})", of.name, of.id)),
            citations: foreign(&self.words.citations),
            sources: sources(&parts),
            program: program(),
        })
    }

    fn lead(&self) -> String {
        let architecture = &self.trained.architecture;
        let prefilters: Vec<String> =
            architecture.prefilter_names().map(|name| format!("`{name}`")).collect();
        let behind = match prefilters.as_slice() {
            [] => String::new(),
            some => format!(" behind {}", some.join(" and ")),
        };
        let (program, data) = (Text::of(&self.metadata.program), Text::of(self.data()));
        let origin = if self.fit.was_fitted() {
            format!("Fitted with {program} to the recording {data}.")
        } else {
            format!(
                "Its weights come from elsewhere; scored with {program} on the recording {data}."
            )
        };
        format!(
            "A model `{}`{behind} that predicts from a cochleagram ({}) the responses of {}, bin by bin. {origin}",
            architecture.model.row.part().name,
            self.axes(),
            counted(self.metadata.neurons.len(), "neuron"),
        )
    }

    fn tags(&self, loads_there: bool) -> Vec<String> {
        let architecture = &self.trained.architecture;
        let own = ["neuroscience", "auditory", "receptive-field"].into_iter();
        let names = std::iter::once(architecture.model.row.part().name);
        let names = names.chain(architecture.prefilter_names());
        let there = loads_there.then_some("deepstrf");
        own.chain(names).chain(there).map(str::to_owned).collect()
    }
}
