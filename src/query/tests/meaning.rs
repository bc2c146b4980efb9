//! Each operator on each type, and each quirk.

use super::{alert, check, refused};
use crate::query::{Filter, Names};

#[test]
fn texts_are_the_same_byte_by_byte() {
    check("proc.name = cat", "r");
    check("proc.name = CAT", "");
    check("proc.name = nc", "");
    check("proc.name = Nc", "c");
    check("proc.name = 'cat'", "r");
    check("proc.name != cat", "ct");
    check("user.uid = 0", "r");
}

#[test]
fn a_check_on_what_is_not_there_is_false_and_its_opposite_true() {
    check("proc.pname = sh", "r");
    check("proc.pname != sh", "");
    check("not proc.pname = sh", "ct");
    check("proc.pname exists", "r");
    check("not proc.pname exists", "ct");
    check("container.name != x", "r");
    check("evt.rawres < 0", "c");
    check("not evt.rawres < 0", "rt");
    check("evt.failed != true", "");
}

#[test]
fn empty_and_na_are_values() {
    check("user.name = \"\"", "c");
    check("user.name != \"\"", "r");
    check("user.name exists", "rc");
    check("user.loginname = \"<NA>\"", "r");
    check("user.loginname exists", "r");
    check("proc.cwd in (\"\", \"<NA>\")", "rt");
}

#[test]
fn parts_of_texts() {
    check("proc.cmdline contains shadow", "r");
    check("proc.cmdline contains SHADOW", "");
    check("proc.cmdline icontains SHADOW", "r");
    check("proc.cmdline icontains \"nc -E\"", "c");
    check("proc.cmdline startswith \"cat \"", "r");
    check("proc.cmdline endswith 4444", "c");
    check("proc.cmdline contains \"\"", "rc");
    check("fd.name startswith /etc/", "r");
}

#[test]
fn globs_go_over_slashes_and_count_bytes() {
    check("fd.name glob /etc/*", "r");
    check("fd.name glob *", "rct");
    check("fd.name glob */shadow", "r");
    check("fd.name glob /ETC/*", "");
    check("fd.name iglob /ETC/*", "r");
    check("fd.name glob /etc/sh?dow", "r");
    check("fd.name glob /etc/[a-s]hadow", "r");
    check("fd.name glob /etc/[!a-s]hadow", "");
    check("fd.name glob /etc/[^a-r]hadow", "r");
    check("proc.name iglob nC", "c");
    check("proc.name glob \"[[:upper:]]?\"", "c");
    check("proc.name glob [c", "");
    let umlaut = alert(r#"{"a.b":"caf\u00e9"}"#);
    for (pattern, fits) in
        [("caf?", false), ("caf??", true), ("caf*", true), ("café", true), (r"caf\é", true)]
    {
        let filter = Filter::parse(&format!("a.b glob {pattern}"), &Names::default()).unwrap();
        assert_eq!(filter.matches(&umlaut), fits, "{pattern}");
    }
}

#[test]
fn regular_expressions_match_whole_values_as_posix_re2() {
    check("proc.name regex c.t", "r");
    check("proc.name regex ca", "");
    check("proc.name regex \"(cat|ssh)\"", "rt");
    check("proc.name regex \"[[:lower:]]+\"", "rt");
    check("proc.cmdline regex \".*[0-9]{4}\"", "c");
    check("proc.cmdline regex \".* -e /bin/sh .*?\"", "c");
    check("fd.name regex \"/etc/[a-z]{3,6}\"", "r");
    check("proc.name regex \"c{1}at{\"", "");
    check("proc.name regex \"[]c][a-]t\"", "r");
    for pattern in [
        r"\\d+", "(?i)cat", "c(at", "cat)", "*", "a|*", "[z-a]", "a{2,1}", "a{1001}", "[c",
        r"\\pL", r"\\bcat", r"cat\\", "[[:no:]]",
    ] {
        let expr = format!("proc.name regex \"{pattern}\"");
        let error = Filter::parse(&expr, &Names::default()).map(|_| expr.clone()).unwrap_err();
        assert!(
            error.to_string().contains("never matches in Falco") || pattern.ends_with('\\'),
            "{expr}: {error}"
        );
    }
    // A dot is no newline, a bracket may be.
    let lines = alert(r#"{"a.b":"x\ny"}"#);
    for (pattern, fits) in
        [("x.y", false), ("x[^z]y", true), ("x\\ny", true), ("x$(.|\\n)^y", true)]
    {
        let filter = Filter::parse(&format!("a.b regex \"{pattern}\""), &Names::default()).unwrap();
        assert_eq!(filter.matches(&lines), fits, "{pattern}");
    }
}

#[test]
fn numbers_are_whole_and_wrap_as_in_falco() {
    check("proc.pid > 100", "r");
    check("proc.pid <= 77", "c");
    check("proc.pid = +4242", "r");
    check("proc.pid = 0004242", "r");
    check("proc.pid in (77, 4242)", "rc");
    check("proc.pid in (\"77\")", "c");
    check("user.uid = -1", "c");
    check("user.uid = 4294967296", "r");
    check("user.loginuid = -1", "r");
    check("evt.rawres = -115", "c");
    check("fd.sport = 65979", "c");
    refused("proc.pid = 0x10", "0x10", "is no whole number; Falco reads decimal digits only", None);
    refused("proc.pid > 1.5", "1.5", "the field has no fractions", None);
    refused("proc.pid = x", "x", "is no whole number", None);
    refused("proc.pid in (1, x)", "x", "is no whole number", None);
    refused(
        "proc.pid contains 1",
        "contains",
        "does not fit proc.pid, which is a whole number",
        None,
    );
    refused("proc.pid regex 1.", "regex", "does not fit", None);
}

#[test]
fn a_time_that_is_printed_as_a_number_compares_as_one() {
    check("evt.time > 1699999999999999999", "r");
    check("evt.time < 1699999999999999999", "");
    check("evt.time = 1700000000123456789", "r");
}

#[test]
fn booleans_are_the_two_words() {
    check("proc.is_exe_upper_layer = true", "c");
    check("proc.is_exe_upper_layer = false", "r");
    check("proc.is_exe_upper_layer in (true, false)", "rc");
    refused(
        "evt.failed = yes",
        "yes",
        "is neither true nor false: expected true or false",
        Some("true"),
    );
    refused("evt.failed > 1", ">", "does not fit evt.failed", None);
}

#[test]
fn lists_hold_all_for_in_and_any_for_intersects() {
    check("fd.types in (file, pipe, ipv4)", "rt");
    check("fd.types in (file)", "t");
    check("fd.types intersects (file, ipv4)", "r");
    check("fd.types intersects (ipv4)", "");
    check("fd.types exists", "rt");
    check("proc.name in (cat, ssh)", "rt");
    check("proc.name in ()", "");
    check("proc.name intersects (cat, ssh)", "rt");
    check("not proc.name in (cat)", "ct");
    check("len(fd.types) = 2", "r");
    check("len(fd.types) = 0", "t");
    refused(
        "fd.types contains file",
        "contains",
        "does not fit fd.types, which is a list",
        Some("intersects (…)"),
    );
    refused("fd.types = file", "=", "does not fit fd.types", Some("intersects (…)"));
    refused("fd.types[0] = file", "=", "does not fit fd.types", Some("intersects (…)"));
}

#[test]
fn paths_match_by_whole_parts() {
    check("fd.name pmatch (/etc)", "r");
    check("fd.name pmatch (/et)", "");
    check("fd.name pmatch (etc/shadow/)", "r");
    check("fd.name pmatch (/etc/shadow/x)", "");
    check("fd.name pmatch (/*/shad?w)", "r");
    check("fd.name pmatch (/srv, /etc)", "r");
    check("fd.name pmatch (/)", "rct");
    check("fd.name pmatch ()", "");
}

#[test]
fn quantifiers_count_the_items_that_hold() {
    check("proc.cmdline contains allof (-e, /bin/sh)", "c");
    check("proc.cmdline contains anyof (-e, shadow)", "rc");
    check("proc.cmdline contains oneof (-e, /bin/sh)", "");
    check("proc.name != allof (cat, ssh)", "c");
    check("proc.name = anyof (cat, ssh)", "rt");
    check("container.name != allof (x)", "r");
}

#[test]
fn addresses_networks_and_ports() {
    check("fd.sip = 198.51.100.7", "c");
    check("fd.sip != 198.51.100.8", "c");
    check("fd.sip in (198.51.100.7, ::1)", "c");
    check("fd.snet = 198.51.100.0/24", "c");
    check("fd.snet = 198.51.100.77/24", "c");
    check("fd.snet != 198.51.100.0/24", "t");
    check("fd.cnet in (10.0.0.0/8, \"192.168.0.0/16\")", "c");
    check("fd.sport = https", "c");
    check("fd.sport in (https, 22)", "c");
    check("fd.sport > 400", "c");
    check("fd.sproto = 443", "c");
    check("fd.sproto = https", "");
    refused("fd.sip = 10.1", "10.1", "is no IPv4 address", None);
    refused("fd.sip = localhost", "localhost", "is no address", None);
    refused("fd.sip = 010.1.2.3", "010.1.2.3", "is no IPv4 address", None);
    refused("fd.sip = ::ffff:1.2.3.4", "::ffff:1.2.3.4", "is no IPv4 address", None);
    refused("fd.sip startswith 10.", "startswith", "does not fit", None);
    refused("fd.snet = 10.0.0.0", "10.0.0.0", "write it with its bits", None);
    refused("fd.snet = 10.0.0.0/33", "10.0.0.0/33", "not between 0 and 32", None);
    refused("fd.snet = ::/0", "::/0", "not between 1 and 128", None);
    refused("fd.sport = htps", "htps", "is neither a port nor a service", Some("https"));
    refused("fd.sport = -1", "-1", "is neither a port nor a service", None);
}

#[test]
fn either_end_comes_from_the_sides_or_from_the_name() {
    check("fd.ip = 10.0.0.5", "c");
    check("fd.ip = 198.51.100.7", "c");
    check("fd.ip != 10.0.0.5", "t");
    check("fd.ip = 2001:db8::1", "t");
    check("fd.ip = 2001:DB8:0::5", "t");
    check("fd.ip in (10.0.0.5, 2001:db8::5)", "ct");
    check("fd.net = 2001:db8::/32", "t");
    check("fd.net in (192.0.2.0/24, 10.0.0.0/8)", "c");
    check("fd.cnet = 2001:db8::5/128", "t");
    check("fd.snet = 2001:db8::1/128", "t");
    // Which end is local is not in the name.
    check("fd.lnet = 2001:db8::/32", "");
    check("fd.port = 22", "t");
    check("fd.port = 51000", "c");
    check("fd.port != 443", "t");
    check("fd.port > 50000", "c");
    check("fd.proto = https", "c");
    check("fd.port exists", "ct");
}

#[test]
fn a_null_side_is_not_filled_in_from_the_name() {
    let unconnected = alert(
        r#"{"fd.name":"10.0.0.1:1->10.0.0.2:2","fd.cip":null,"fd.sip":null,"fd.lip":null,"fd.rip":null}"#,
    );
    let filter = Filter::parse("fd.ip exists or fd.snet exists", &Names::default()).unwrap();
    assert!(!filter.matches(&unconnected));
}

#[test]
fn without_an_index_any_ancestor_answers() {
    check("proc.aname = sshd", "r");
    check("proc.aname = sh", "r");
    check("proc.aname = cat", "");
    check("proc.aname != sh", "r");
    check("proc.aname in (sshd, init)", "r");
    check("proc.aname[-1] = sshd", "r");
    check("proc.aname[2] = sshd", "r");
    check("proc.aname[\"2\"] = sshd", "r");
    check("proc.aname[3] exists", "");
    check("proc.apid = 4000", "r");
    check("proc.aname exists", "r");
    let cut = alert(r#"{"proc.aname[0]":"cat","proc.aname[1]":null,"proc.pname":"sh"}"#);
    for (expr, holds) in
        [("proc.aname = cat", false), ("proc.aname = sh", false), ("proc.aname[0] = cat", true)]
    {
        assert_eq!(Filter::parse(expr, &Names::default()).unwrap().matches(&cut), holds, "{expr}");
    }
}

#[test]
fn transformers_change_the_value_first() {
    check("toupper(proc.name) = NC", "c");
    check("tolower(proc.name) = nc", "c");
    check("tolower(toupper(proc.name)) in (nc, cat)", "rc");
    check("basename(fd.name) = shadow", "r");
    check("toupper(basename(fd.name)) = SHADOW", "r");
    check("len(proc.name) = 3", "rt");
    check("len(proc.name) < 3", "c");
    check("len(proc.cwd) = 0", "r");
    check("b64(proc.name) exists", "");
    check("join(\":\", (proc.name, user.uid)) = cat:0", "r");
    check("concat(proc.name, \"/\", proc.pname) = cat/sh", "r");
    check("concat(proc.name, container.name) exists", "r");
    check("getopt(proc.args, \"e:n\")[e] = /bin/sh", "c");
    check("getopt(proc.args, \"e:n\")[n] exists", "r");
    refused("tolower(proc.pid) = 5", "proc.pid", "tolower() reads text", None);
    refused("tolower(proc.aname) = x", "proc.aname", "cannot be given to a transformer", None);
    refused("tolower(evt.type) = openat", "evt.type", "cannot be given to a transformer", None);
    refused("tolower(fd.ip) = x", "fd.ip", "cannot be given to a transformer", None);
    refused("tolower(proc) = x", "proc", "proc is no field (a field has a dot)", None);
    for (text, plain) in [
        ("aGVsbG8gd29ybGQ=", true),
        ("aGVsbG8gd29ybGQ", true),
        ("aGVsbG8gd29ybGR=", false),
        ("id", false),
    ] {
        let coded = alert(&format!(r#"{{"a.b":"{text}"}}"#));
        let filter = Filter::parse("b64(a.b) = \"hello world\"", &Names::default()).unwrap();
        assert_eq!(filter.matches(&coded), plain, "{text}");
    }
}

#[test]
fn fields_compare_with_fields() {
    check("fd.directory = val(proc.cwd)", "");
    check("fd.name contains val(fd.filename)", "r");
    check("fd.name endswith val(fd.filename)", "r");
    check("proc.pid > val(proc.ppid)", "r");
    check("fd.cport != val(fd.sport)", "c");
    check("basename(proc.exepath) = tolower(proc.name)", "c");
    check("proc.cmdline startswith val(proc.name)", "rc");
    check("len(proc.name) < len(proc.cmdline)", "rc");
    refused(
        "proc.name = val(proc.pid)",
        "val(proc.pid)",
        "proc.name is a text, but proc.pid is a whole number",
        None,
    );
    refused(
        "proc.name = val(proc.aname[1])",
        "val(proc.aname[1])",
        "cannot stand on the right",
        None,
    );
    refused("fd.name pmatch val(fd.directory)", "pmatch", "takes no field on the right", None);
}

#[test]
fn buffers_are_sought_by_text_and_by_bytes() {
    check("evt.buffer contains HTTP", "c");
    check("evt.buffer bcontains 48545450", "c");
    check("evt.buffer bstartswith 474554", "c");
    check("evt.buffer bstartswith 48545450", "");
    refused("evt.buffer bcontains 4", "4", "an even number of hex digits", None);
    refused("evt.buffer icontains get", "icontains", "does not fit", None);
    refused("proc.name bcontains 636174", "bcontains", "does not fit", None);
}

#[test]
fn arguments_of_known_fields_are_checked() {
    check("evt.arg.flags contains O_RDONLY", "r");
    check("proc.env[HOME] = /root", "r");
    refused("evt.arg exists", "evt.arg", "needs an argument in brackets", Some("evt.arg[name]"));
    refused("evt.arg[flags] exists", "evt.arg[flags]", "takes a number", Some("evt.arg.flags"));
    refused(
        "evt.arg.flgs exists",
        "evt.arg.flgs",
        "no event has an argument named flgs",
        Some("evt.arg.flags"),
    );
    refused("proc.aname[x] = y", "proc.aname[x]", "takes a number", None);
    refused("proc.name[1] = y", "proc.name[1]", "takes nothing in brackets", Some("proc.name"));
}

#[test]
fn unknown_fields_are_warned_of_and_compared_by_what_they_hold() {
    let plugin = alert(
        r#"{"mine.text":"abc","mine.number":12,"mine.list":["a","b"],"mine.flag":true,"mine.digits":"12"}"#,
    );
    for (expr, holds) in [
        ("mine.text = abc", true),
        ("mine.number = 12", true),
        ("mine.number = 12.0", true),
        ("mine.number > 9", true),
        ("mine.digits > 9", true),
        ("mine.list intersects (b)", true),
        ("mine.list in (b)", false),
        ("mine.flag = true", true),
        ("mine.other exists", false),
    ] {
        let filter = Filter::parse(expr, &Names::default()).unwrap();
        assert_eq!(filter.matches(&plugin), holds, "{expr}");
        assert_eq!(filter.warnings().len(), 1, "{expr}");
    }
    let filter = Filter::parse("proc.nmae = cat", &Names::default()).unwrap();
    assert_eq!(filter.warnings().first().unwrap().suggestion.as_deref(), Some("proc.name"));
    assert_eq!(filter.warnings().first().unwrap().span.range(), 0..9);
}

#[test]
fn what_is_decided_is_told_apart_from_what_is_said() {
    let check = |text: &str, expected: &str| {
        let filter = Filter::parse(text, &Names::default()).unwrap();
        assert_eq!(filter.warnings()[0].suggestion.as_deref(), Some(expected), "{text}");
    };
    check("alert.status = open", "triage.status");
    check("triage.rule = x", "alert.rule");
    check("alert.prioritty = error", "alert.priority");
}
