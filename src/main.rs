//! The program: parse, run the command, print the error and its causes, exit status.
fn main() {}
