//! Rules about what is piped where: downloads that are run, whatever has a name that is ended, failures that are swallowed.

use super::call::Call;
use super::rules::Severity;
use super::{Finding, destroy, door, reach};
use std::collections::BTreeMap;

/// Judges the pipelines of a text.
pub fn judge(calls: &[Call], found: &mut Vec<Finding>) {
    let mut swallowed = Vec::new();
    let mut say =
        |id: &'static str, call: &Call| found.push(Finding::new(id, call.line, &call.words()));
    door::downloaded(calls, &mut say);
    let pipefail = calls.iter().any(|call| {
        matches!(&*call.program, "set" | "bash" | "zsh" | "ksh")
            && call.args.windows(2).any(|pair| {
                let [option, word] = pair else { return false };
                // `-o`, or the last of several letters: `-euo`.
                let is_set = option.text.strip_prefix('-').is_some_and(|letters| {
                    letters.ends_with('o') && letters.bytes().all(|b| b.is_ascii_alphabetic())
                });
                is_set && word.text == "pipefail"
            })
    });
    // `kill "$(pgrep NAME)"`
    let finds = calls.iter().find(|call| {
        call.read_by.as_deref() == Some("kill")
            && matches!(&*call.program, "pgrep" | "pidof")
            && call.value_of(&["-P", "--parent", "--ns"]).is_none()
    });
    let kill = |line| calls.iter().find(move |call| call.program == "kill" && call.line == line);
    if let Some(call) =
        finds.and_then(|finds| kill(finds.line)).filter(|call| !reach::only_tells(call))
    {
        say("B02", call);
    }
    let mut by_pipeline: BTreeMap<usize, Vec<&Call>> = BTreeMap::new();
    for call in calls {
        by_pipeline.entry(call.pipeline.0).or_default().push(call);
    }
    for mut pipeline in by_pipeline.into_values().filter(|pipeline| pipeline.len() > 1) {
        pipeline.sort_by_key(|call| call.pipeline.1);
        door::pipeline(&pipeline, &mut say);
        destroy::hands_logs(&pipeline, &mut say);
        let lists = pipeline.iter().any(|call| reach::lists_all(&call.words()));
        let ends = pipeline.iter().find(|call| {
            call.pipeline.1 > 0
                && matches!(&*call.program, "docker" | "podman" | "nerdctl" | "crictl" | "kubectl")
                && matches!(
                    call.subcommand(),
                    "stop" | "kill" | "rm" | "rmi" | "pause" | "delete" | "restart"
                )
        });
        let narrows = pipeline
            .iter()
            .any(|call| matches!(&*call.program, "grep" | "awk" | "head" | "tail" | "sed"));
        if let Some(call) = ends.filter(|_| lists && !narrows) {
            say("B02", call);
        }
        // `ps … | grep NAME | … | xargs kill`: whatever has the name.
        let by_name = pipeline.iter().any(|call| {
            matches!(&*call.program, "ps" | "pgrep" | "pidof" | "lsof" | "fuser")
                && call.value_of(&["-p", "--pid", "-P", "--parent", "--ns"]).is_none()
        });
        let kills = pipeline.iter().find(|call| {
            call.pipeline.1 > 0
                && matches!(&*call.program, "kill" | "pkill")
                && !reach::only_tells(call)
        });
        if let Some(call) = kills.filter(|_| by_name) {
            say("B02", call);
        }
        if pipefail {
            continue;
        }
        let asks = |call: &&&Call| {
            matches!(
                &*call.program,
                "kubectl"
                    | "oc"
                    | "docker"
                    | "podman"
                    | "nerdctl"
                    | "pg_dump"
                    | "pg_dumpall"
                    | "mysqldump"
                    | "mongodump"
                    | "etcdctl"
            ) && call.pipeline.1 == 0
                && call.through.is_none()
        };
        // What reads its input and is content with none: its own success is all that is left to see.
        // The hash of nothing looks like any other; `xargs` gives it the names of files instead.
        let by_names = pipeline.iter().any(|call| call.program == "xargs");
        let swallows = |call: &&Call| match &*call.program {
            "jq" | "yq" | "gzip" | "zstd" | "xz" | "bzip2" | "base64" | "openssl" | "gpg" => {
                call.pipeline.1 > 0
            }
            "sha256sum" | "sha512sum" | "sha1sum" | "md5sum" | "b2sum" => {
                call.pipeline.1 > 0 && !by_names
            }
            _ => false,
        };
        if let Some(first) = pipeline.iter().find(asks)
            && pipeline.iter().any(swallows)
        {
            // Where it ends on the screen, a person sees the error and that nothing came.
            let is_shown = pipeline.last().is_some_and(|last| {
                matches!(&*last.program, "jq" | "yq")
                    && last.read_by.is_none()
                    && !last.redirects.iter().any(|to| to.writes)
            });
            let finding = Finding::new("S09", first.line, &first.words());
            swallowed.push(if is_shown { finding.at(Severity::Note) } else { finding });
        }
    }
    found.append(&mut swallowed);
}
