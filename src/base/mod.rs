//! What every room needs: errors, files, units, random numbers, words, the terminal.
pub mod cgroup;
pub mod device;
pub mod error;
pub mod files;
pub mod interrupt;
pub mod machine;
pub mod mark;
pub mod memory;
pub mod npz;
pub mod process;
pub mod progress;
pub mod rng;
pub mod table;
pub mod tensor_file;
pub mod units;
pub mod wording;
