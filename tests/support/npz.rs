//! NumPy archives, written and read by tests.
#![expect(clippy::unwrap_used, reason = "test support")]
use std::fs::File;
use std::path::Path;

use ndarray::{Array, Dimension, IxDyn};
use npyz::{AutoSerialize, Deserialize, NpyFile, Order, WriteOptions, WriterBuilder};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// An archive that is being written, deflated as by `numpy.savez_compressed`.
pub struct NpzWriter(ZipWriter<File>);

impl NpzWriter {
    /// An archive without an array.
    pub fn create(path: &Path) -> Self {
        Self(ZipWriter::new(File::create(path).unwrap()))
    }

    /// Adds an array; one whose axes are reversed in memory is stored in Fortran's order.
    pub fn add<T: AutoSerialize, D: Dimension>(&mut self, name: &str, array: &Array<T, D>) {
        let reversed = !array.is_standard_layout() && array.t().is_standard_layout();
        let (order, stored) =
            if reversed { (Order::Fortran, array.t()) } else { (Order::C, array.view()) };
        let shape: Vec<u64> = array.shape().iter().map(|n| u64::try_from(*n).unwrap()).collect();
        self.0.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        let options = WriteOptions::<T>::new().default_dtype().order(order).shape(&shape);
        let mut npy = options.writer(&mut self.0).begin_nd().unwrap();
        stored.iter().for_each(|value| npy.push(value).unwrap());
        npy.finish().unwrap();
    }

    /// Writes the end of the archive.
    pub fn finish(self) {
        self.0.finish().unwrap();
    }
}

/// An open archive.
pub struct Npz(pub ZipArchive<File>);

impl Npz {
    /// The archive at `path`.
    pub fn open(path: &Path) -> Self {
        Self(ZipArchive::new(File::open(path).unwrap()).unwrap())
    }

    /// An array of exactly this type and number of axes.
    pub fn array<T: Deserialize, D: Dimension>(&mut self, name: &str) -> Array<T, D> {
        let npy = NpyFile::new(self.0.by_name(&format!("{name}.npy")).unwrap()).unwrap();
        assert_eq!(npy.order(), Order::C, "{name}");
        let shape: Vec<usize> = npy.shape().iter().map(|n| usize::try_from(*n).unwrap()).collect();
        let array = Array::from_shape_vec(IxDyn(&shape), npy.into_vec::<T>().unwrap()).unwrap();
        array.into_dimensionality().unwrap()
    }
}
