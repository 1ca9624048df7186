//! A linear map at every bin: a correlation with kernels of one band and one bin.
use super::convolution::Convolution;
use super::correlation::Correlation;

/// From `inputs` channels of one band to `outputs`: parameters weight `(O, I)` and bias `(O)`.
pub fn dense(inputs: usize, outputs: usize) -> Convolution {
    let (bands, channels, height, width, left) = (1, inputs, 1, 1, 0);
    Convolution::linear(Correlation { bands, channels, outputs, height, width, left })
}
