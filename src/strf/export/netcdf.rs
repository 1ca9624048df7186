//! One NetCDF-4 file: what the HDF5 file holds, as variables over named dimensions with coordinates, which
//! xarray opens as a dataset.
//!
//! NetCDF-4 is HDF5 in which dimensions are datasets too (dimension scales), and each variable names its own
//! by references. Names have no groups, since a dataset of xarray is one group: `measures/cf_hz` is `measures_cf_hz`.
use std::path::Path;

use hdf5::types::VarLenArray;
use hdf5::{File, H5Type, ObjectReference1};
use ndarray::ArrayView1;

use crate::base::error::Result;
use crate::base::files::Existing;
use crate::dataset::hdf5_io::{create, write_array, write_number, write_terminated, write_text};
use crate::models::dims::Axis;
use crate::strf::arrays::Named;
use crate::strf::export::Content;
use crate::strf::export::hdf5::{write_about, write_values};

/// The conventions on names of attributes that the file follows.
const CONVENTIONS: &str = "CF-1.10";

pub(super) fn write(content: &Content, path: &Path, existing: Existing) -> Result<()> {
    let arrays = content.arrays();
    let dimensions = Dimensions::of(content, &arrays);
    create(path, existing, |file| {
        write_text(file, "Conventions", CONVENTIONS)?;
        write_about(file, content)?;
        dimensions.write(file, &arrays)?;
        for array in arrays.iter().filter(|array| !array.is_coordinate) {
            write_values(file, &variable(array), &array.values)?;
            describe(file, &variable(array), array)?;
        }
        dimensions.attach(file, &arrays)
    })
}

/// What the variable of an array is called.
fn variable(array: &Named) -> String {
    array.name.replace('/', "_")
}

/// Says what the values of a variable are.
fn describe(file: &File, variable: &str, array: &Named) -> hdf5::Result<()> {
    let dataset = file.dataset(variable)?;
    write_text(&dataset, "long_name", &array.name.replace(['/', '_'], " "))?;
    if !array.unit.is_empty() {
        write_text(&dataset, "units", array.unit)?;
    }
    Ok(())
}

/// An axis of one length, which variables share.
struct Dimension {
    name: String,
    axis: Axis,
    length: usize,
}

struct Dimensions(Vec<Dimension>);

/// Where a dimension is used, as its scale lists it.
#[derive(H5Type, Clone, Copy)]
#[repr(C)]
struct Use {
    dataset: ObjectReference1,
    dimension: i32,
}

impl Dimensions {
    /// All that arrays have. An axis of a second length, such as components of two kinds, is a dimension of
    /// its own.
    fn of(content: &Content, arrays: &[Named]) -> Self {
        let mut found: Vec<Dimension> = Vec::new();
        for (axis, length) in arrays.iter().flat_map(Named::lengths) {
            let same_axis = |dimension: &&Dimension| dimension.axis == axis;
            if found.iter().filter(same_axis).any(|dimension| dimension.length == length) {
                continue;
            }
            let name = content.exported.axis_name(axis);
            let name = match found.iter().filter(same_axis).count() {
                0 => name.to_owned(),
                _ => format!("{name}_of_{length}"),
            };
            found.push(Dimension { name, axis, length });
        }
        Self(found)
    }

    fn place(&self, (axis, length): (Axis, usize)) -> Option<usize> {
        self.0.iter().position(|own| own.axis == axis && own.length == length)
    }

    /// Writes a scale for each: its coordinates, or a count from 0 where it has none.
    fn write(&self, file: &File, arrays: &[Named]) -> hdf5::Result<()> {
        for (id, dimension) in self.0.iter().enumerate() {
            let (name, own) = (&dimension.name, (dimension.axis, dimension.length));
            let coordinates = arrays
                .iter()
                .find(|array| array.is_coordinate && array.lengths().first() == Some(&own));
            if let Some(array) = coordinates {
                write_values(file, name, &array.values)?;
                describe(file, name, array)?;
            } else {
                let count: Vec<u32> = (0..).take(dimension.length).collect();
                write_array(file, name, ArrayView1::from(&count))?;
            }
            let scale = file.dataset(name)?;
            write_terminated(&scale, "CLASS", "DIMENSION_SCALE")?;
            write_terminated(&scale, "NAME", name)?;
            write_number(&scale, "_Netcdf4Dimid", i32::try_from(id).unwrap_or(i32::MAX))?;
        }
        Ok(())
    }

    /// Lets variables name their dimensions, and dimensions the variables.
    fn attach(&self, file: &File, arrays: &[Named]) -> hdf5::Result<()> {
        let mut uses: Vec<Vec<Use>> = self.0.iter().map(|_| Vec::new()).collect();
        for array in arrays.iter().filter(|array| !array.is_coordinate && !array.axes.is_empty()) {
            let mut scales = Vec::new();
            let dataset: ObjectReference1 = file.reference(&variable(array))?;
            for (dimension, place) in
                (0..).zip(array.lengths().into_iter().filter_map(|own| self.place(own)))
            {
                let scale: ObjectReference1 = file.reference(&self.0[place].name)?;
                scales.push(VarLenArray::from_slice(&[scale]));
                uses[place].push(Use { dataset, dimension });
            }
            write_list(file, &variable(array), "DIMENSION_LIST", &scales)?;
        }
        for (dimension, uses) in self.0.iter().zip(&uses).filter(|(_, uses)| !uses.is_empty()) {
            write_list(file, &dimension.name, "REFERENCE_LIST", uses)?;
        }
        Ok(())
    }
}

fn write_list<T: H5Type>(file: &File, of: &str, name: &str, list: &[T]) -> hdf5::Result<()> {
    let attribute = file.dataset(of)?.new_attr::<T>().shape(list.len()).create(name)?;
    attribute.write_raw(list)
}
