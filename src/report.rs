//! What leaves the program for files and other programs: JSON, Markdown, HTML, CSV.
//!
//! Each format has one file and escapes hostile text in its own way, in one place.

pub mod analysis_json;
pub mod bundle;
pub mod case;
pub mod code;
pub mod csv;
pub mod dossier;
pub mod dossier_json;
pub mod gather;
pub mod html;
pub mod json;
pub mod markdown;
pub mod mask;
pub mod plain;
pub mod plan;
pub mod record;
pub mod stamp;
