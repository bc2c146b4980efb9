//! Follows the brackets of a JSON document line by line, to know when it is complete.

/// Brackets that are open, and whether a string is.
#[derive(Debug, Default)]
pub(super) struct Scan {
    open: Vec<u8>,
    in_string: bool,
    is_escaped: bool,
    has_begun: bool,
}

impl Scan {
    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.in_string {
                match byte {
                    _ if self.is_escaped => self.is_escaped = false,
                    b'\\' => self.is_escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => {
                    self.has_begun = true;
                    self.open.push(*byte);
                }
                b'}' | b']' => {
                    self.open.pop();
                }
                _ => {}
            }
        }
    }

    /// Whether every bracket that was opened is closed.
    pub fn is_complete(&self) -> bool {
        self.has_begun && self.open.is_empty() && !self.in_string
    }

    pub fn is_in_array(&self) -> bool {
        self.open.last() == Some(&b'[')
    }
}
