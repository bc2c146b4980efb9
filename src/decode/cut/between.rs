//! Keys between those of a template: another version of Falco prints more of them, or in another order, and a value that
//! is one word ends before them.

use super::meaning::Meaning;
use super::{APPENDED, Found, Keys};
use crate::decode::templates::{Known, is_official_key};

/// Ends the values that are words at the next key of Falco's, and finds the fields of such keys. What may hold anything (a
/// command line, a path) goes on up to the template's own next key, since ` x=` may be a part of it.
pub(super) fn part<'a>(
    message: &'a str,
    known: &'a Known,
    keys: &Keys,
    found: &mut Vec<Found<'a>>,
) {
    let mut more: Vec<Found<'a>> = Vec::new();
    let mut owner = 0;
    let mut is_word = found.first().is_some_and(|found| is_one_word(found.field));
    for key in &keys.0 {
        let (Some(at), value) = (key.at, key.value as usize) else { continue };
        let at = at as usize;
        while let Some(next) = found.get(owner + 1).filter(|next| next.at <= at) {
            owner += 1;
            is_word = is_one_word(next.field);
        }
        if !is_word || message.as_bytes().get(at.wrapping_sub(1)) != Some(&b' ') {
            continue;
        }
        let Some(inside) = found.get_mut(owner).filter(|owner| owner.value <= at) else { continue };
        let name = message.get(at..value - 1).unwrap_or_default();
        let field = field_of(Meaning::of(name), name, known);
        if field.is_none() && !is_official_key(name) {
            continue;
        }
        // The value that ends here is the owner's, or that of the last key found in it.
        match more.last_mut().filter(|last| last.at >= inside.value) {
            Some(last) => last.end = last.end.min(at),
            None => inside.end = inside.end.min(at),
        }
        match field {
            Some(field) if is_one_word(field) => {
                if !found.iter().chain(&more).any(|found| found.field == field) {
                    more.push(Found { at, value, end: usize::MAX, field });
                }
            }
            // Where this value ends nothing tells.
            _ => is_word = false,
        }
    }
    if !more.is_empty() {
        found.append(&mut more);
        found.sort_unstable_by_key(|found| found.at);
    }
}

/// The field that a key stands for in outputs about system calls.
fn field_of<'a>(meaning: Meaning, name: &'a str, known: &'a Known) -> Option<&'a str> {
    let own = known.keys.iter().find(|(key, _)| **key == *name).map(|(_, field)| &**field);
    own.or_else(|| APPENDED.get(meaning.appended?).map(|(_, field)| *field))
        .or_else(|| meaning.field_of(name))
}

/// Whether a field's value is one word or number: a name of an account, a process or a container, a type, an address.
fn is_one_word(field: &str) -> bool {
    let (class, name) = field.split_once('.').unwrap_or((field, ""));
    match class {
        "user" | "group" | "k8s" | "k8smeta" => true,
        "thread" => matches!(name, "tid" | "vtid"),
        "container" => !matches!(name, "mounts" | "mount") && !name.starts_with("mount."),
        "evt" => matches!(name, "type" | "res" | "dir" | "num" | "time" | "arg.flags" | "arg.res"),
        "fd" => {
            matches!(name, "num" | "type" | "typechar" | "l4proto")
                || name.ends_with("port")
                || name.ends_with("ip")
        }
        "proc" => {
            matches!(name, "name" | "pname" | "sname" | "tty" | "loginshellid" | "duration")
                || name.starts_with("aname")
                || name.ends_with("pid")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_word_ends_before_a_key_that_the_template_does_not_have() {
        check(
            "Odd (user=root user_loginuid=-1 program=sh command=sh -c x file=/etc/odd)",
            "user=user.name command=proc.cmdline file=fd.name",
            "user.name=root;user.loginuid=-1;proc.name=sh;proc.cmdline=sh -c x;fd.name=/etc/odd",
        );
        check(
            "Odd (command=sh terminal=34816 exe_flags=O_RDONLY container_id=host image=<NA>)",
            "command=proc.cmdline terminal=proc.tty",
            "proc.cmdline=sh;proc.tty=34816;evt.arg.flags=O_RDONLY;container.id=host;container.image=<NA>",
        );
        check(
            "Odd | user=root fd.rport=22 ggparent=init terminal=0",
            "user=user.name terminal=proc.tty",
            "user.name=root;fd.rport=22;proc.aname[3]=init;proc.tty=0",
        );
        check(
            "Odd (user=root command=sh) container=0123456789ab pid=8 tid=9",
            "command=proc.cmdline",
            "proc.cmdline=sh;container.id=0123456789ab;proc.pid=8;thread.tid=9",
        );
    }

    #[test]
    fn what_may_hold_anything_ends_at_the_keys_of_the_template_alone() {
        check(
            "Odd (user=root command=sh -c user_uid=0 terminal=1 file=/tmp/a parent=b pcmdline=x)",
            "user=user.name command=proc.cmdline file=fd.name",
            "user.name=root;proc.cmdline=sh -c user_uid=0 terminal=1;fd.name=/tmp/a parent=b pcmdline=x",
        );
        // Where the path ends that the template does not know nobody can say: nothing is read from it.
        check(
            "Odd (user=root proc_exepath=/a b parent=c command=sh)",
            "user=user.name command=proc.cmdline",
            "user.name=root;proc.cmdline=sh",
        );
    }

    #[test]
    fn what_the_template_found_is_not_found_again() {
        check(
            "Odd (user=root user=eve uid=1 command=sh)",
            "user=user.name command=proc.cmdline",
            "user.name=root;proc.cmdline=sh",
        );
        check(
            "Odd (user=a own=b words command=sh)",
            "user=user.name command=proc.cmdline",
            "user.name=a own=b words;proc.cmdline=sh",
        );
    }
}
