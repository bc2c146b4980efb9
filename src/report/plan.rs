//! What to do about several alerts together: every command once, in the order of a response.

use super::dossier::Dossier;
use crate::analysis::{Phase, Step};

/// One thing to do, and for which alerts.
#[derive(Clone, Debug)]
pub struct Task<'a> {
    pub step: &'a Step,
    /// Numbers of the chapters that ask for it, from 1.
    pub alerts: Vec<usize>,
}

/// The tasks of one stage of the response.
#[derive(Clone, Debug)]
pub struct Stage<'a> {
    /// `None` for what cannot wait: evidence that may be gone in a moment.
    pub phase: Option<Phase>,
    pub tasks: Vec<Task<'a>>,
}

impl Stage<'_> {
    /// What stands above the tasks.
    pub fn title(&self) -> &'static str {
        match self.phase {
            None => "First, before anything else",
            Some(Phase::Verify) => "Verify",
            Some(Phase::Preserve) => "Preserve evidence",
            Some(Phase::Contain) => "Contain",
            Some(Phase::Eradicate) => "Eradicate",
            Some(Phase::Harden) => "Harden",
            Some(Phase::Tune) => "Tune",
        }
    }
}

impl Dossier {
    /// All commands of all chapters, each once, by stage. What one chapter cannot offer and another can is offered.
    pub fn plan(&self) -> Vec<Stage<'_>> {
        let mut stages: Vec<Stage<'_>> = std::iter::once(None)
            .chain(Phase::ALL.map(Some))
            .map(|phase| Stage { phase, tasks: Vec::new() })
            .collect();
        for (number, chapter) in (1..).zip(&self.chapters) {
            let steps = &chapter.analysis.steps;
            // An analysis puts a later phase before verification only where waiting would lose it.
            let verify = steps.iter().position(|step| step.phase == Phase::Verify);
            for (at, step) in steps.iter().enumerate() {
                let is_urgent = step.phase == Phase::Preserve
                    && step.command.is_some()
                    && verify.is_some_and(|verify| at < verify);
                let phase = (!is_urgent).then_some(step.phase);
                let Some(stage) = stages.iter_mut().find(|stage| stage.phase == phase) else {
                    continue;
                };
                let same = |task: &&mut Task<'_>| {
                    task.step.id == step.id
                        && task.step.command == step.command
                        && (step.command.is_some() || task.step.unavailable == step.unavailable)
                };
                match stage.tasks.iter_mut().find(same) {
                    Some(task) => task.alerts.push(number),
                    None => stage.tasks.push(Task { step, alerts: vec![number] }),
                }
            }
        }
        for stage in &mut stages {
            // Several reasons for the same gap are one gap.
            let mut seen: Vec<String> = Vec::new();
            stage.tasks.retain(|task| {
                let is_new = task.step.command.is_some() || !seen.contains(&task.step.id);
                seen.push(task.step.id.clone());
                is_new
            });
        }
        stages.retain(|stage| !stage.tasks.is_empty());
        stages
    }
}

/// Whether a command stands in the plan as a step of its own.
pub fn is_shown(stages: &[Stage<'_>], command: &str) -> bool {
    let mut tasks = stages.iter().flat_map(|stage| &stage.tasks);
    tasks.any(|task| task.step.command.as_deref() == Some(command))
}

impl Task<'_> {
    /// `alerts 1, 3 and 4`; nothing where the report has one alert.
    pub fn which(&self, of: usize) -> Option<String> {
        if of < 2 {
            return None;
        }
        if self.alerts.len() == of {
            return Some("every alert".to_owned());
        }
        let numbers: Vec<_> = self.alerts.iter().map(ToString::to_string).collect();
        Some(match numbers.as_slice() {
            [one] => format!("alert {one}"),
            [first @ .., last] => format!("alerts {} and {last}", first.join(", ")),
            [] => return None,
        })
    }
}
