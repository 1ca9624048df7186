"""The known numbers of `strf doctor`, out of NumPy alone and in double precision.

    python make_known_fit.py        # prints the constants of src/training/known_fit.rs

Dataset, model, gradient and optimizer are written from the formulas in the docs of `known_fit`, `ln`,
`parametric_softplus`, `lbfgs` and `line_search`, bin by bin, without a look at how the program computes
them. Two checks come before the numbers: the gradient is that of finite differences, and start values
that differ by 1e-9 lead to numbers that differ by far less than the 1e-6 that the program allows.
"""
import numpy as np

BANDS, LAGS, NEURONS, CLIPS = 11, 7, 5, (157, 100)
STEPS, MEMORY = 20, 20
SHOWN = (0, 5, 10, 20)
softplus = lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
sigmoid = lambda x: 1 / (1 + np.exp(-x))


def draws():
    """Whole numbers from 0 to 255."""
    state = 1
    while True:
        state = (state * 1103515245 + 12345) % 2**31
        yield (state >> 16) % 256


def dataset():
    """Sounds (F, T) and PSTHs (N, T), NaN where nothing counts."""
    drawn, clips = draws(), []
    for bins in CLIPS:
        loud = [[next(drawn) - 128 for _ in range(bins)] for _ in range(BANDS)]
        counts = np.empty((NEURONS, bins))
        for n in range(NEURONS):
            for t in range(bins):
                at = lambda f, k: loud[f][t - k] if t >= k else 0
                drive = 2 * at(2 * n, 1) + at(2 * n + 1, 2) - at(2 * n, 4) - at(2 * n + 2, 0)
                drive += next(drawn) - 128
                counts[n, t] = max(0, drive >> 6)
                if next(drawn) < 16:
                    counts[n, t] = np.nan
        clips.append((np.array(loud) / 64, counts))
    return clips


def start(n):
    """Baseline and sharpness before their softplus, bias, and weights (F, K), the last lag at the present bin."""
    weights = [[((3 * n + 5 * f + 7 * k) % 11 - 5) / 128 for k in range(LAGS)] for f in range(BANDS)]
    return np.concatenate([[n / 4 - 2, 1 + n / 8, (n - 2) / 4], np.ravel(weights)])


def value_and_gradient(point, clips, n):
    """Mean squared error over the recorded bins of a neuron, and its gradient by the point."""
    raw_b, raw_beta, bias, kernel = point[0], point[1], point[2], point[3:].reshape(BANDS, LAGS)
    beta, total, gradient, used = softplus(raw_beta), 0.0, np.zeros_like(point), 0
    for sound, psth in clips:
        for t in range(sound.shape[1]):
            if np.isnan(psth[n, t]):
                continue
            past = np.zeros((BANDS, LAGS))
            for k in range(min(LAGS, t + 1)):
                past[:, LAGS - 1 - k] = sound[:, t - k]
            drive = bias + np.sum(kernel * past)
            soft, slope = softplus(beta * drive), sigmoid(beta * drive)
            error = soft / beta + softplus(raw_b) - psth[n, t]
            total, used = total + error**2, used + 1
            by_beta = slope * drive / beta - soft / beta**2
            gradient[0] += 2 * error * sigmoid(raw_b)
            gradient[1] += 2 * error * by_beta * sigmoid(raw_beta)
            gradient[2] += 2 * error * slope
            gradient[3:] += 2 * error * slope * past.ravel()
    return total / used, gradient / used


def cubic(a, b):
    """Where the cubic through two trials (step, value, slope) with their slopes is least."""
    d1 = a[2] + b[2] - 3 * (b[1] - a[1]) / (b[0] - a[0])
    d2 = np.sqrt(d1**2 - a[2] * b[2]) * np.sign(b[0] - a[0])
    return b[0] - (b[0] - a[0]) * (b[2] + d2 - d1) / (b[2] - a[2] + 2 * d2)


def search(along, value, slope, step):
    """A step that fulfils the strong Wolfe conditions: Nocedal & Wright, algorithms 3.5 and 3.6."""
    low, high, slack = (0.0, value, slope), None, 3e-7 * abs(value)
    for count in range(1, 12):
        trial = (step, *along(step))
        if trial[1] > max(value + 1e-4 * step * slope, value + slack) or count > 1 and trial[1] > low[1] + slack:
            high = trial
        elif abs(trial[2]) <= 0.9 * abs(slope):
            return step
        else:
            towards = 1.0 if high is None else high[0] - low[0]
            if trial[2] * towards >= 0:
                high = low
            low = trial
        if high is None:
            step *= 2.5
        else:
            width = high[0] - low[0]
            step = low[0] + width * np.clip((cubic(low, high) - low[0]) / width, 0.1, 0.9)
    raise SystemExit("the line search did not come to its end; take another dataset")


def fit(clips, n, point):
    """Values after 0 to 20 steps, and the last point."""
    at = lambda point: value_and_gradient(point, clips, n)
    (value, gradient), pairs, values = at(point), [], []
    for _ in range(STEPS):
        values.append(value)
        direction, alphas = gradient.copy(), []
        for s, y in reversed(pairs):
            alphas.append(s @ direction / (s @ y))
            direction -= alphas[-1] * y
        if pairs:
            s, y = pairs[-1]
            direction *= s @ y / (y @ y)
        for (s, y), alpha in zip(pairs, reversed(alphas)):
            direction += (alpha - y @ direction / (s @ y)) * s
        direction = -direction
        slope = direction @ gradient
        assert slope < 0

        def along(step):
            value, gradient = at(point + step * direction)
            return value, gradient @ direction

        first = 1.0 if pairs else min(1.0, value / -slope)
        new = point + search(along, value, slope, first) * direction
        new_value, new_gradient = at(new)
        s, y = new - point, new_gradient - gradient
        assert s @ y > 1e-10 * np.linalg.norm(y) * np.linalg.norm(s)
        pairs = (pairs + [(s, y)])[-MEMORY:]
        assert value - new_value > 1e-5 * new_value, "it must be far from converged"
        point, value, gradient = new, new_value, new_gradient
    return values + [value], point


def slopes_agree(clips):
    point = start(3)
    _, gradient = value_and_gradient(point, clips, 3)
    for i in range(len(point)):
        step = 1e-6 * np.eye(len(point))[i]
        up, down = (value_and_gradient(point + by, clips, 3)[0] for by in (step, -step))
        assert abs((up - down) / 2e-6 - gradient[i]) < 1e-8 * (1 + abs(gradient[i])), i


def numbers(clips, shift=0.0):
    fits = [fit(clips, n, start(n) + shift) for n in range(NEURONS)]
    losses = np.array([values for values, _ in fits]).sum(0)
    points = [point for _, point in fits]
    weight = lambda n, f, k: points[n][3 + f * LAGS + LAGS - 1 - k]
    weights = [weight(n, 2 * n, 1) for n in range(NEURONS)]
    return np.array([losses[step] for step in SHOWN] + weights + [points[2][1]])


clips = dataset()
slopes_agree(clips)
known, shifted = numbers(clips), numbers(clips, 1e-9)
print(f"// Start values that differ by 1e-9 change them by {np.abs(shifted / known - 1).max():.1e} of themselves.")
print("losses:", ", ".join(repr(float(x)) for x in known[:4]))
print("weights:", ", ".join(repr(float(x)) for x in known[4:9]))
print("sharpness:", repr(float(known[9])))
