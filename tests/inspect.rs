//! `strf inspect`: what is said of a dataset file.
