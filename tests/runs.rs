//! Trained models in use: scored, asked for predictions, exported.
