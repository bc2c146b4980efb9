//! A folder with programs of our own before the real ones, and a small root file system to run victims in.

use super::shells::rendered_with;
use std::path::Path;
use std::process::Command;

/// What is removed when the test ends.
pub struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    pub fn new() -> Self {
        let lab = Self { folder: tempfile::tempdir().expect("a folder") };
        std::fs::create_dir(lab.path().join("bin")).expect("made");
        // The tests run as root: sudo only has to run what follows it.
        lab.program("sudo", "exec \"$@\"");
        lab
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts a shell script before the program of that name.
    pub fn program(&self, name: &str, script: &str) {
        let at = self.path().join("bin").join(name);
        std::fs::write(&at, format!("#!/bin/sh\n{script}\n")).expect("written");
        let (ok, said) = self.sh(&format!("chmod +x {}", at.display()));
        assert!(ok, "{said}");
    }

    /// Runs a line as a person would paste it.
    pub fn sh(&self, script: &str) -> (bool, String) {
        let path = std::env::var("PATH").unwrap_or_default();
        let output = Command::new("bash")
            .args(["-c", script])
            .current_dir(self.path())
            .stdin(std::process::Stdio::null())
            .env("HOME", self.path())
            .env("PATH", format!("{}/bin:{path}:/usr/sbin:/sbin", self.path().display()))
            .output()
            .expect("bash is there");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    /// Runs it and wants it to succeed.
    pub fn must(&self, name: &str, script: &str) -> String {
        let (ok, said) = self.sh(script);
        assert!(ok, "{name}: {script}\n{said}");
        said
    }

    /// A root file system of busybox in `r`, tarred as `r.tar`.
    pub fn root(&self) {
        self.must(
            "root",
            "mkdir -p r/bin r/tmp r/proc r/etc && cp \"$(command -v busybox)\" r/bin/busybox && for a in sh sleep ls cat; do ln -sf busybox r/bin/$a; done && echo a > r/etc/motd && tar -C r -cf r.tar .",
        );
    }

    /// Runs these commands of the catalogue in order; what ends by its time is right too.
    pub fn run_all(&self, names: &[&str], own: &[(&str, &str)]) {
        let all = rendered_with(own);
        for name in names {
            let (_, text) = all
                .iter()
                .find(|(known, _)| known == name)
                .unwrap_or_else(|| panic!("{name} is not in the catalogue"));
            self.must(name, &text.replace("timeout 60 ", "timeout --preserve-status 2 "));
        }
    }
}

/// The folder of a case below `/var/lib/falco-triage`; it goes when the test ends, however it ends.
pub struct Evidence(pub String);

impl Drop for Evidence {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
        // Goes only when nothing else is in it.
        let _ = std::fs::remove_dir("/var/lib/falco-triage");
    }
}
