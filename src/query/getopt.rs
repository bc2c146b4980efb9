//! Command-line options of a process, as `getopt(3)` reads them: `getopt(proc.args, "o:v")[o]`.

/// The options that occur, with their values (`""` for those that take none), in order.
///
/// Reading goes on behind words that are no options and ends at `--`.
pub(super) fn read(words: &[String], options: &str) -> Vec<(char, String)> {
    let takes_value = |letter: char| -> Option<bool> {
        let at = options.find(letter).filter(|_| letter != ':')?;
        Some(options.get(at + letter.len_utf8()..)?.starts_with(':'))
    };
    let mut seen = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        let Some(cluster) = word
            .strip_prefix('-')
            .filter(|cluster| !cluster.is_empty() && !cluster.starts_with('-'))
        else {
            continue;
        };
        for (at, letter) in cluster.char_indices() {
            match takes_value(letter) {
                Some(true) => {
                    let attached = cluster.get(at + letter.len_utf8()..).unwrap_or_default();
                    let value = if attached.is_empty() {
                        words.next().cloned()
                    } else {
                        Some(attached.to_string())
                    };
                    seen.push((letter, value.unwrap_or_default()));
                    break;
                }
                Some(false) => seen.push((letter, String::new())),
                None => {}
            }
        }
    }
    seen
}
