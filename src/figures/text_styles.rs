//! How the texts of every picture look.
use crate::figures::colour::{GREY, INK};
use crate::figures::marks::{TextStyle, Weight};

/// Of the picture.
pub const TITLE: TextStyle = TextStyle { weight: Weight::Bold, em: 30.0, colour: INK };
/// Below the title.
pub const REMARK: TextStyle = TextStyle { weight: Weight::Regular, em: 22.0, colour: GREY };
/// Of a panel.
pub const NAME: TextStyle = TextStyle { weight: Weight::Regular, em: 22.0, colour: INK };
/// At a mark of an axis.
pub const TICK: TextStyle = TextStyle { weight: Weight::Regular, em: 20.0, colour: GREY };
/// Along an axis.
pub const LABEL: TextStyle = TextStyle { weight: Weight::Regular, em: 24.0, colour: INK };
