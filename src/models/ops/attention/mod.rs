//! Attention over rows, in blocks that stay in the cache: for some queries at a time, weights of the
//! keys that they see, some keys at a time. Keys are rows of a block and queries its columns, so that
//! a softmax runs over rows side by side. What a block holds is worked out anew on the way back, so
//! that memory grows with bins, not with their square.
mod blocks;

mod backward;
mod forward;

pub use backward::Passed;
pub use blocks::AttentionDims;
