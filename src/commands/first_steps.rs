//! `strf` and nothing else: what to do first.
use crate::base::error::Result;
use crate::base::progress::Console;

const TEXT: &str = "\
strf fits models of auditory neurons to sound and shows what each neuron listens to. To begin:
  strf demo                     fits a simulated recording and draws its receptive fields, in seconds
  strf import guess PATH        says how your own files become a dataset; strf inspect DATA.h5 looks at it
  strf init run.toml --data DATA.h5     writes a run file that explains itself; strf train run.toml fits it
  strf report runs/run          makes one page of what came out: scores, receptive fields, pictures
  strf help                     lists all commands; strf help COMMAND explains one";

/// Prints it.
pub fn run(console: &Console) -> Result<()> {
    console.result(TEXT)
}
