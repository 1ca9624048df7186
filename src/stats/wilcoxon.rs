//! Whether paired differences lie about 0.
use super::normal;

/// Most differences for which every assignment of signs is counted.
const EXACT: usize = 50;

/// The probability that differences which are as likely below as above 0 give ranks as uneven as
/// these: Wilcoxon's signed-rank test, on both sides. 1 where all differences are 0; NaN of none.
///
/// Differences of 0 are left out; equal sizes share their mean rank. Exact, with ties, for up to 50
/// differences; beyond, a normal distribution with the variance of the ranks and a correction of
/// half a rank for continuity.
///
/// Source: Wilcoxon (1945), Biometrics Bulletin 1:80-83, doi:10.2307/3001968.
pub fn signed_rank(differences: &[f64]) -> f64 {
    let defined: Vec<f64> = differences.iter().copied().filter(|d| d.is_finite()).collect();
    let mut differences: Vec<f64> = defined.iter().copied().filter(|d| d.abs() > 0.0).collect();
    differences.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let ranks = twice_the_ranks(&differences);
    let total: usize = ranks.iter().sum();
    let positive = ranks.iter().zip(&differences).filter(|(_, d)| **d > 0.0);
    let above: usize = positive.map(|(rank, _)| rank).sum();
    let smaller = above.min(total - above);
    match ranks.len() {
        0 if defined.is_empty() => f64::NAN,
        0 => 1.0,
        n if n <= EXACT => (2.0 * share_up_to(&ranks, smaller)).min(1.0),
        _ => (2.0 * normal_share_up_to(&ranks, smaller)).min(1.0),
    }
}

/// Twice the rank of each difference by its size: mean ranks may end in a half.
fn twice_the_ranks(sorted: &[f64]) -> Vec<usize> {
    let mut ranks = Vec::with_capacity(sorted.len());
    for equal in sorted.chunk_by(|a, b| a.abs().total_cmp(&b.abs()).is_eq()) {
        let before = ranks.len();
        ranks.extend(std::iter::repeat_n(2 * before + equal.len() + 1, equal.len()));
    }
    ranks
}

/// The share of all assignments of signs whose positive ranks sum to no more.
fn share_up_to(ranks: &[usize], sum: usize) -> f64 {
    let mut shares = vec![0.0; sum + 1];
    shares[0] = 1.0;
    for rank in ranks {
        for place in (0..=sum).rev() {
            let with = if place >= *rank { shares[place - rank] } else { 0.0 };
            shares[place] = f64::midpoint(shares[place], with);
        }
    }
    shares.iter().sum()
}

fn normal_share_up_to(ranks: &[usize], sum: usize) -> f64 {
    let total: usize = ranks.iter().sum();
    let squares: f64 = ranks.iter().map(|rank| (*rank as f64).powi(2)).sum();
    // Ranks are doubled: half a rank is 1, and the variance Σ r² / 4 is that of the doubled ones.
    normal::below((sum as f64 - total as f64 / 2.0 + 1.0) / (squares / 4.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_p(differences: &[f64], want: f64) {
        let got = signed_rank(differences);
        assert!((got - want).abs() < 1e-12, "got {got}, want {want}");
    }

    #[test]
    fn probabilities_are_those_of_scipy_exact_and_approximate() {
        // SciPy 1.x: wilcoxon(d, method="exact"); with ties, all 512 assignments counted.
        assert_p(
            &[0.3, -0.1, 0.25, 0.4, -0.05, 0.15, 0.6, 0.2, -0.35, 0.12, 0.08],
            0.083_007_812_5,
        );
        assert_p(&[1.0, 2.0, 2.0, -3.0, 3.0, 4.0, -1.0, 0.0, 5.0, 5.0], 0.078_125);
        // wilcoxon(d, method="approx", correction=True)
        let many = |i: i32| ((f64::from(i) * 1.7).sin() + 0.3).mul_add(1e6, 0.0).round() / 1e6;
        assert_p(&(1..=60).map(many).collect::<Vec<_>>(), 0.002_013_780_073_960_501);
    }

    #[test]
    fn even_differences_and_equal_scores_are_no_evidence() {
        assert_p(&[1.0, -1.0, 2.0, -2.0, f64::NAN], 1.0);
        assert_p(&[0.0, -0.0, f64::NAN], 1.0);
        assert!(signed_rank(&[]).is_nan() && signed_rank(&[f64::NAN]).is_nan());
    }
}
