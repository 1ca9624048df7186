//! `cluster_*.tsv`: what is said of clusters, and which of them are taken.
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::base::error::{Error, Problem, Problems, Result};
use crate::base::files;
use crate::base::mark::TextMark;
use crate::base::wording::{counted, joined};
use crate::dataset::Entity;
use crate::import::report::{ImportReport, listed};
use crate::import::text_tables::{MOST_PROBLEMS, TextTable};

/// Names of the column with the cluster.
const IDS: [&str; 2] = ["cluster_id", "id"];
/// The column of what somebody made of a cluster.
const GROUP: &str = "group";
/// The column of what Kilosort made of it.
const KS_LABEL: &str = "KSLabel";
/// The group of clusters that nobody has looked at.
const UNSORTED: &str = "unsorted";
const GOOD: &str = "good";
/// Clusters are numbered; larger numbers are none.
pub const MOST_CLUSTERS: usize = 10_000_000;

/// What tables say of clusters.
#[derive(Default)]
pub struct Clusters {
    /// Attributes of each cluster.
    attributes: BTreeMap<usize, BTreeMap<String, String>>,
    /// Values that two tables have otherwise.
    contradictions: Vec<String>,
}

impl Clusters {
    /// Reads all tables of a folder. A column counts most in the file that is named after it.
    ///
    /// # Errors
    /// A table that is none, or that has clusters without a number or twice.
    pub fn read(folder: &Path, report: &mut ImportReport) -> Result<Self> {
        let mut names = files::names(folder)?;
        let is_table = |name: &String| {
            let ended = [".tsv", ".csv"].iter().any(|ending| name.ends_with(ending));
            name.starts_with("cluster_") && ended
        };
        names.retain(is_table);
        let mut clusters = Self::default();
        // First what is named after its column, so that it stays.
        let mut tables = Vec::with_capacity(names.len());
        for name in names {
            tables.push(TextTable::read(&folder.join(name))?);
        }
        tables.sort_by_key(|table| table.columns.len());
        for table in &tables {
            clusters.add(table)?;
        }
        if !clusters.contradictions.is_empty() {
            report.warn(format!(
                "{}: tables of clusters contradict each other, the shorter one is taken: {}; save \
                 them again in phy",
                folder.display(),
                listed(&clusters.contradictions)
            ));
        }
        Ok(clusters)
    }

    fn add(&mut self, table: &TextTable) -> Result<()> {
        let ids = IDS.into_iter().find_map(|id| table.columns.iter().position(|name| name == id));
        let Some(ids) = ids else {
            return Err(table.refused(&format!(
                "found the columns {}, expected cluster_id among them",
                joined(&table.columns, "and")
            )));
        };
        let mut problems = Problems::default();
        let mut known = BTreeSet::new();
        for row in &table.rows {
            let cluster = whole(row.cell(ids)).filter(|cluster| known.insert(*cluster));
            let Some(cluster) = cluster else {
                let expected = "the number of a cluster that stands in no row above";
                let found = format!("{:?}", row.cell(ids));
                let problem = Problem::new(&table.columns[ids], found, expected);
                problems.push(problem.placed(TextMark::bare(row.line, ids + 1)));
                continue;
            };
            let columns = table.columns.iter().enumerate();
            for (column, name) in columns.filter(|(_, name)| !IDS.contains(&name.as_str())) {
                self.note(cluster, name, row.cell(column));
            }
        }
        problems.first(MOST_PROBLEMS).into_result(&table.path, ())
    }

    /// Takes what a cell says of a cluster, if it says something and nothing has said it before.
    fn note(&mut self, cluster: usize, name: &str, value: &str) {
        let of_cluster = self.attributes.entry(cluster).or_default();
        if value.is_empty() {
            return;
        }
        let stored = of_cluster.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        if stored != value {
            let contradiction = format!("{name} of {cluster} ({stored} and {value})");
            self.contradictions.push(contradiction);
        }
    }

    /// The clusters of these groups, by number; of those in tables and of those that have spikes. With
    /// no group named, the good ones, or all where nobody has told them apart.
    ///
    /// # Errors
    /// No cluster is of such a group.
    pub fn chosen(
        &self,
        folder: &Path,
        counts: &BTreeMap<usize, usize>,
        groups: &[String],
        report: &mut ImportReport,
    ) -> Result<Vec<usize>> {
        let all: BTreeSet<usize> = self.attributes.keys().chain(counts.keys()).copied().collect();
        let has = |column: &str| self.attributes.values().any(|of| of.contains_key(column));
        let column = if has(GROUP) { GROUP } else { KS_LABEL };
        let group = |cluster: &usize| {
            let of = self.attributes.get(cluster);
            of.and_then(|of| of.get(column)).map_or(UNSORTED, String::as_str).to_lowercase()
        };
        if groups.is_empty() && all.iter().all(|cluster| group(cluster) == UNSORTED) {
            report.inferred(format!(
                "all {} are taken: they have no groups",
                counted(all.len(), "cluster")
            ));
            return Ok(all.into_iter().collect());
        }
        let wanted: Vec<String> = match groups {
            [] => vec![GOOD.to_owned()],
            groups => groups.iter().map(|group| group.trim().to_lowercase()).collect(),
        };
        let (chosen, others): (Vec<usize>, Vec<usize>) =
            all.into_iter().partition(|cluster| wanted.contains(&group(cluster)));
        let mut rest: BTreeMap<String, usize> = BTreeMap::new();
        for cluster in &others {
            *rest.entry(group(cluster)).or_default() += 1;
        }
        let rest: Vec<String> =
            rest.into_iter().map(|(group, count)| format!("{count} {group}")).collect();
        if chosen.is_empty() {
            return Err(Error::Refused(format!(
                "{}: found clusters of other groups: {}, expected some of {}; name groups with \
                 --groups",
                folder.display(),
                if rest.is_empty() { "none".into() } else { joined(&rest, "and") },
                joined(&wanted, "or")
            )));
        }
        report.inferred(format!(
            "{} whose {column} is {}",
            counted(chosen.len(), "neuron"),
            joined(&wanted, "or")
        ));
        if !others.is_empty() {
            let spikes = others.iter().filter_map(|cluster| counts.get(cluster)).sum();
            let (clusters, spikes) = (counted(others.len(), "cluster"), counted(spikes, "spike"));
            let rest = joined(&rest, "and");
            report.dropped(format!("{clusters} of other groups ({rest}) with {spikes}"));
        }
        Ok(chosen)
    }

    /// A cluster as a neuron.
    pub fn neuron(&self, cluster: usize) -> Entity {
        let attributes = self.attributes.get(&cluster).cloned().unwrap_or_default();
        Entity { id: cluster.to_string(), attributes }
    }
}

/// The number of a cluster.
fn whole(cell: &str) -> Option<usize> {
    let number = cell.strip_suffix(".0").unwrap_or(cell);
    number.parse().ok().filter(|number| *number < MOST_CLUSTERS)
}
