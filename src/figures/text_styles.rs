//! How the texts of every picture look.
use crate::figures::colour::{GREY, INK};
use crate::figures::marks::{TextStyle, Weight};

/// The title of a picture.
pub const TITLE: TextStyle = TextStyle { weight: Weight::Bold, em: 30.0, colour: INK };
/// A remark below the title.
pub const REMARK: TextStyle = TextStyle { weight: Weight::Regular, em: 22.0, colour: GREY };
/// The name of a panel.
pub const NAME: TextStyle = TextStyle { weight: Weight::Regular, em: 22.0, colour: INK };
/// A number at a mark of an axis.
pub const TICK: TextStyle = TextStyle { weight: Weight::Regular, em: 20.0, colour: GREY };
/// The name along an axis.
pub const LABEL: TextStyle = TextStyle { weight: Weight::Regular, em: 24.0, colour: INK };
