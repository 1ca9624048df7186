//! How the texts of every picture look.
use crate::figures::colour::{GREY, INK};
use crate::figures::fonts::{Type, Weight};

/// Of the picture.
pub const TITLE: Type = Type { weight: Weight::Bold, em: 30.0, colour: INK };
/// Below the title.
pub const REMARK: Type = Type { weight: Weight::Regular, em: 22.0, colour: GREY };
/// Of a panel.
pub const NAME: Type = Type { weight: Weight::Regular, em: 22.0, colour: INK };
/// At a mark of an axis.
pub const TICK: Type = Type { weight: Weight::Regular, em: 20.0, colour: GREY };
/// Along an axis.
pub const LABEL: Type = Type { weight: Weight::Regular, em: 24.0, colour: INK };
