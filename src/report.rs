//! What leaves the program for files and other programs: JSON, Markdown, HTML, CSV.
//!
//! Each format has one file and escapes hostile text in its own way, in one place.

pub mod dossier;
pub mod html;
pub mod json;
pub mod mask;
pub mod record;
