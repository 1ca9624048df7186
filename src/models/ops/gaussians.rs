//! Kernels that are mixtures of Gaussians, each of unit mass on its grid.
//!
//! `W(o,c,f,k) = Σ_g weight(o,c,g) · b₀(g,f) b₁(g,k) / (Σ_f b₀(g,f) · Σ_k b₁(g,k) + 1e−7)` with bells
//! `b(g,i) = exp(−½ ((i − P(g))/σ(g))²)` and `σ = |SIG| + 0.27`, along bands (0) and lags (1).
use candle_core::{CpuStorage, CustomOp3, DType, Device, Layout, Result, Shape, Tensor, bail};

use super::contiguous;
use crate::simd::parallel::map;
use crate::simd::real::{Real, vectorized};

/// Narrowest width, in bands and bins.
const LEAST_WIDTH: f64 = 0.27;
/// Keeps the mass of a Gaussian far outside of the grid above zero.
const LEAST_MASS: f64 = 1e-7;

/// The kernels `(O, C, F, K)` out of positions `(2, O, C, G)`, widths `(2, O, C, G)` and weights
/// `(O, C, G)`.
pub fn gaussian_kernels(
    positions: &Tensor,
    widths: &Tensor,
    weight: &Tensor,
    grid: [usize; 2],
) -> Result<Tensor> {
    if matches!(weight.device(), Device::Cpu) {
        positions.apply_op3(widths, weight, Mixture { grid })
    } else {
        gaussian_kernels_plain(positions, widths, weight, grid)
    }
}

/// [`gaussian_kernels`] out of candle's operations.
pub fn gaussian_kernels_plain(
    positions: &Tensor,
    widths: &Tensor,
    weight: &Tensor,
    grid: [usize; 2],
) -> Result<Tensor> {
    let (o, c, _g) = weight.dims3()?;
    let bells = |axis: usize| plain_bells(positions, widths, axis, grid[axis]);
    let (over_bands, over_lags) = (bells(0)?, bells(1)?);
    // A Gaussian on the grid is a product of two, and so is its mass.
    let mass = (over_bands.sum_keepdim(1)? * over_lags.sum_keepdim(1)?)?;
    let weight = weight.reshape(mass.shape())?.div(&(mass + LEAST_MASS)?)?;
    let weighted = over_bands.broadcast_mul(&weight)?;
    let kernel = weighted.matmul(&over_lags.transpose(1, 2)?.contiguous()?)?;
    kernel.reshape((o, c, grid[0], grid[1]))
}

/// Along one axis of the grid, the Gaussians `(O·C, points, G)`.
fn plain_bells(positions: &Tensor, widths: &Tensor, axis: usize, points: usize) -> Result<Tensor> {
    let (_two, o, c, g) = positions.dims4()?;
    let pick = |t: &Tensor| t.get(axis)?.reshape((o * c, 1, g));
    let grid = Tensor::arange(0u32, u32::try_from(points)?, positions.device())?;
    let grid = grid.to_dtype(positions.dtype())?.reshape((1, points, 1))?;
    let width = (pick(widths)?.abs()? + LEAST_WIDTH)?;
    let distance = grid.broadcast_sub(&pick(positions)?)?.broadcast_div(&width)?;
    (distance.sqr()? * -0.5)?.exp()
}

struct Mixture {
    grid: [usize; 2],
}

impl CustomOp3 for Mixture {
    fn name(&self) -> &'static str {
        "gaussian-kernels"
    }

    fn cpu_fwd(
        &self,
        positions: &CpuStorage,
        positions_layout: &Layout,
        widths: &CpuStorage,
        widths_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (outputs, channels, gaussians) = weight_layout.shape().dims3()?;
        let storage = match (positions, widths, weight) {
            (CpuStorage::F32(positions), CpuStorage::F32(widths), CpuStorage::F32(weight)) => {
                let positions = contiguous(positions, positions_layout)?;
                let widths = contiguous(widths, widths_layout)?;
                let weight = contiguous(weight, weight_layout)?;
                CpuStorage::F32(self.kernels([positions, widths, weight], gaussians))
            }
            (CpuStorage::F64(positions), CpuStorage::F64(widths), CpuStorage::F64(weight)) => {
                let positions = contiguous(positions, positions_layout)?;
                let widths = contiguous(widths, widths_layout)?;
                let weight = contiguous(weight, weight_layout)?;
                CpuStorage::F64(self.kernels([positions, widths, weight], gaussians))
            }
            _ => bail!("{}: takes three tensors of f32 or three of f64", self.name()),
        };
        Ok((storage, Shape::from_dims(&[outputs, channels, self.grid[0], self.grid[1]])))
    }

    fn bwd(
        &self,
        positions: &Tensor,
        widths: &Tensor,
        weight: &Tensor,
        _kernels: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [by_positions, by_widths, by_weight] = match weight.dtype() {
            DType::F32 => self.gradients::<f32>([positions, widths, weight], grad)?,
            DType::F64 => self.gradients::<f64>([positions, widths, weight], grad)?,
            other => bail!("{}: {other:?} is not a float of 32 or 64 bits", self.name()),
        };
        Ok((Some(by_positions), Some(by_widths), Some(by_weight)))
    }
}

/// Bells of one kernel along one axis, `(G, points)`, and their sums.
struct Bells<R> {
    values: Vec<R>,
    masses: Vec<R>,
}

/// One kernel: its Gaussians `[positions, widths]` along both axes, and their weights.
struct Kernel<'a, R> {
    axes: [[&'a [R]; 2]; 2],
    weight: &'a [R],
}

/// The kernels one after the other.
fn kernels<'a, R>(
    [positions, widths, weight]: [&'a [R]; 3],
    gaussians: usize,
) -> Vec<Kernel<'a, R>> {
    let of = |values: &'a [R], axis: usize, kernel: usize| {
        let start = axis * weight.len() + kernel * gaussians;
        &values[start..start + gaussians]
    };
    let kernel = |at: usize| Kernel {
        axes: [0, 1].map(|axis| [of(positions, axis, at), of(widths, axis, at)]),
        weight: of(weight, 0, at),
    };
    (0..weight.len() / gaussians.max(1)).map(kernel).collect()
}

impl Mixture {
    /// Multiplications for so many Gaussians.
    fn work(&self, gaussians: usize) -> usize {
        4 * gaussians * self.grid[0] * self.grid[1]
    }

    fn kernels<R: Real>(&self, values: [&[R]; 3], gaussians: usize) -> Vec<R> {
        let work = self.work(values[2].len());
        let kernels = map(kernels(values, gaussians), work, |kernel| {
            vectorized(
                #[inline(always)]
                || self.kernel(&kernel),
            )
        });
        kernels.concat()
    }

    #[inline(always)]
    fn kernel<R: Real>(&self, kernel: &Kernel<R>) -> Vec<R> {
        let [bands, lags] = self.grid;
        let [over_bands, over_lags] = [0, 1].map(|axis| kernel.bells(axis, self.grid[axis]));
        let mut sum = vec![R::constant(0.0); bands * lags];
        for (g, weight) in kernel.weight.iter().enumerate() {
            let scale = *weight / mass(&over_bands, &over_lags, g);
            let lag_bell = &over_lags.values[g * lags..(g + 1) * lags];
            let band_bell = &over_bands.values[g * bands..(g + 1) * bands];
            for (row, bell) in sum.chunks_exact_mut(lags.max(1)).zip(band_bell) {
                let height = scale * *bell;
                row.iter_mut().zip(lag_bell).for_each(|(sum, bell)| *sum += height * *bell);
            }
        }
        sum
    }

    fn gradients<R: Real>(&self, tensors: [&Tensor; 3], grad: &Tensor) -> Result<[Tensor; 3]> {
        let values = |t: &Tensor| t.flatten_all()?.to_vec1::<R>();
        let [positions, widths, weight] = tensors;
        let (all, grads) = ([values(positions)?, values(widths)?, values(weight)?], values(grad)?);
        let gaussians = weight.dim(2)?;
        let kernels = kernels([&all[0], &all[1], &all[2]], gaussians);
        let grads = grads.chunks_exact(self.grid[0] * self.grid[1]);
        let tasks: Vec<_> = kernels.into_iter().zip(grads).collect();
        let parts = map(tasks, 2 * self.work(all[2].len()), |(kernel, grad)| {
            vectorized(
                #[inline(always)]
                || self.kernel_gradients(&kernel, grad),
            )
        });
        // Of each kernel: positions and widths along both axes, then weights.
        let join = |place: usize| parts.iter().flat_map(move |part| part[place].iter().copied());
        let tensor =
            |values: Vec<R>, like: &Tensor| Tensor::from_vec(values, like.shape(), like.device());
        Ok([
            tensor(join(0).chain(join(2)).collect(), positions)?,
            tensor(join(1).chain(join(3)).collect(), widths)?,
            tensor(join(4).collect(), weight)?,
        ])
    }

    #[inline(always)]
    fn kernel_gradients<R: Real>(&self, kernel: &Kernel<R>, grad: &[R]) -> [Vec<R>; 5] {
        let [bands, lags] = self.grid;
        let zero = R::constant(0.0);
        let [over_bands, over_lags] = [0, 1].map(|axis| kernel.bells(axis, self.grid[axis]));
        let mut by_weight = Vec::with_capacity(kernel.weight.len());
        let mut by_bands = vec![zero; over_bands.values.len()];
        let mut by_lags = vec![zero; over_lags.values.len()];
        for (g, weight) in kernel.weight.iter().enumerate() {
            let mass = mass(&over_bands, &over_lags, g);
            let scale = *weight / mass;
            let lag_bell = &over_lags.values[g * lags..(g + 1) * lags];
            let band_bell = &over_bands.values[g * bands..(g + 1) * bands];
            let by_lags = &mut by_lags[g * lags..(g + 1) * lags];
            let by_bands = &mut by_bands[g * bands..(g + 1) * bands];
            let mut by_scale = zero;
            for ((grads, bell), by_band) in
                grad.chunks_exact(lags.max(1)).zip(band_bell).zip(by_bands.iter_mut())
            {
                let along = products(grads, lag_bell);
                by_scale += along * *bell;
                *by_band += scale * along;
                let height = scale * *bell;
                by_lags.iter_mut().zip(grads).for_each(|(sum, grad)| *sum += height * *grad);
            }
            by_weight.push(by_scale / mass);
            // The mass is the product of two sums, each over all points of an axis.
            let by_mass = -by_scale * scale / mass;
            add(by_bands, by_mass * over_lags.masses[g]);
            add(by_lags, by_mass * over_bands.masses[g]);
        }
        let [by_band_positions, by_band_widths] = kernel.through_bells(0, &over_bands, &by_bands);
        let [by_lag_positions, by_lag_widths] = kernel.through_bells(1, &over_lags, &by_lags);
        [by_band_positions, by_band_widths, by_lag_positions, by_lag_widths, by_weight]
    }
}

/// The sum of products of two short rows.
#[inline(always)]
fn products<R: Real>(a: &[R], b: &[R]) -> R {
    a.iter().zip(b).fold(R::constant(0.0), |sum, (a, b)| sum + *a * *b)
}

#[inline(always)]
fn add<R: Real>(values: &mut [R], by: R) {
    for value in values {
        *value += by;
    }
}

#[inline(always)]
fn mass<R: Real>(over_bands: &Bells<R>, over_lags: &Bells<R>, g: usize) -> R {
    over_bands.masses[g] * over_lags.masses[g] + R::constant(LEAST_MASS)
}

impl<R: Real> Kernel<'_, R> {
    /// Position and width of each Gaussian along an axis.
    #[inline(always)]
    fn along(&self, axis: usize) -> impl Iterator<Item = (R, R)> {
        let [positions, widths] = self.axes[axis];
        let width = |raw: &R| raw.abs() + R::constant(LEAST_WIDTH);
        positions.iter().zip(widths).map(move |(position, raw)| (*position, width(raw)))
    }

    #[inline(always)]
    fn bells(&self, axis: usize, points: usize) -> Bells<R> {
        let mut values = Vec::with_capacity(self.weight.len() * points);
        let mut masses = Vec::with_capacity(self.weight.len());
        for (position, width) in self.along(axis) {
            let start = values.len();
            values.extend((0..points).map(|i| {
                let distance = (R::from_f64(i as f64) - position) / width;
                (R::constant(-0.5) * distance * distance).exp()
            }));
            let total = values[start..].iter().fold(R::constant(0.0), |sum, bell| sum + *bell);
            masses.push(total);
        }
        Bells { values, masses }
    }

    /// From the gradients of bells to those of positions and widths.
    #[inline(always)]
    fn through_bells(&self, axis: usize, bells: &Bells<R>, grads: &[R]) -> [Vec<R>; 2] {
        let (zero, one) = (R::constant(0.0), R::constant(1.0));
        let points = bells.values.len() / self.weight.len().max(1);
        let rows = bells.values.chunks_exact(points.max(1)).zip(grads.chunks_exact(points.max(1)));
        let (mut positions, mut widths) = (Vec::new(), Vec::new());
        let gaussians = self.along(axis).zip(self.axes[axis][1]).zip(rows);
        for (((position, width), raw), (bells, grads)) in gaussians {
            let (mut by_position, mut by_width) = (zero, zero);
            for (i, (bell, grad)) in bells.iter().zip(grads).enumerate() {
                let distance = (R::from_f64(i as f64) - position) / width;
                by_position += *grad * *bell * distance / width;
                by_width += *grad * *bell * distance * distance / width;
            }
            let sign = if *raw < zero { -one } else { one };
            positions.push(by_position);
            widths.push(sign * by_width);
        }
        [positions, widths]
    }
}
