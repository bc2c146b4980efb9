//! Y14 and W05: rule sets for nft and iptables-restore, looked at as far as their grammar decides.

use super::Finding;

/// Words that nft keeps for itself and takes for no name of a chain, set or table.
const RESERVED: [&str; 24] = [
    "fwd",
    "dup",
    "log",
    "counter",
    "drop",
    "accept",
    "reject",
    "ip",
    "ip6",
    "tcp",
    "udp",
    "mark",
    "limit",
    "queue",
    "return",
    "jump",
    "goto",
    "meta",
    "ct",
    "masquerade",
    "snat",
    "dnat",
    "redirect",
    "type",
];

/// Words that may begin a statement in a chain.
const STARTS: &str = " type policy ip ip6 tcp udp icmp icmpv6 ct meta iif iifname oif oifname fib ether arp drop accept reject log counter limit jump goto return queue masquerade snat dnat redirect notrack set add delete update comment vlan socket mark skuid skgid th udplite sctp dccp igmp rt exthdr numgen jhash symhash tproxy synproxy flow dup fwd quota xt include define elements flags devices device size timeout last ipsec osf cgroup pkttype protocol nfproto l4proto iifgroup oifgroup auto-merge gc-interval hook typeof continue iiftype oiftype length priority random ah esp comp frag hbh dst mh tunnel gre vxlan geneve redefine undefine map helper secmark limit ";

/// Judges a rule set; `line` is that of its first line.
pub fn judge(text: &str, line: usize, found: &mut Vec<Finding>) {
    if text.lines().any(|row| row.trim_start().starts_with('*') && !row.contains('{')) {
        return restore(text, line, found);
    }
    let mut depth = 0i32;
    // What each open brace belongs to: a chain, or a list of values.
    let mut open: Vec<bool> = Vec::new();
    for (row, words) in text.lines().enumerate() {
        let at = line + row;
        let rule = words.split('#').next().unwrap_or_default().trim();
        if rule.starts_with("flush ruleset") {
            found.push(Finding::new("W05", at, words));
        }
        let tokens = rule.replace(['{', '}', ';'], " ");
        let mut names = tokens
            .split_whitespace()
            .skip_while(|word| !matches!(*word, "chain" | "set" | "map" | "table"))
            .skip(1);
        let is_definition = rule.contains('{')
            && ["chain ", "set ", "map ", "table "]
                .iter()
                .any(|word| rule.starts_with(word) || rule.contains(&format!("{{ {word}")));
        let name = names
            .next()
            .filter(|name| !matches!(*name, "inet" | "ip" | "ip6" | "arp" | "bridge" | "netdev"))
            .or_else(|| names.next());
        if is_definition
            && !rule.starts_with("table")
            && name.is_some_and(|name| RESERVED.contains(&name))
        {
            found.push(Finding::new("Y14", at, words).because("a word that nft keeps for itself"));
        }
        let opens = rule.contains('{') && rule.ends_with('}');
        let inner =
            rule.rsplit('{').next().unwrap_or_default().trim_end_matches('}').trim_end_matches(' ');
        let is_chain = rule.starts_with("chain ") || rule.contains("{ chain ");
        if opens && is_chain && !inner.trim_end().ends_with([';', '}']) && !inner.trim().is_empty()
        {
            found.push(
                Finding::new("Y14", at, words).because("a semicolon is missing before the brace"),
            );
        }
        let in_chain = open.last().copied().unwrap_or(false);
        let statement = rule.split(';').map(str::trim).find(|part| {
            let first = part.split([' ', '{']).next().unwrap_or_default();
            !first.is_empty()
                && !first.starts_with(['}', '@', '$', '"', '-'])
                && !first.bytes().next().is_some_and(|b| b.is_ascii_digit())
                && !STARTS.contains(&format!(" {first} "))
        });
        if in_chain
            && !rule.starts_with("chain")
            && let Some(part) = statement
        {
            found.push(Finding::new("Y14", at, part).because("no statement of nft begins so"));
        }
        let verdict = rule.trim_end_matches([';', '}', ' ']).split_whitespace().last();
        if in_chain
            && verdict.is_some_and(|word| {
                matches!(word, "deny" | "block" | "DROP" | "ACCEPT" | "REJECT" | "allow")
            })
        {
            found.push(
                Finding::new("Y14", at, words).because("the verdicts are accept, drop, reject"),
            );
        }
        if rule.contains(" hook ") && rule.contains(';') {
            let hook = rule
                .split(" hook ")
                .nth(1)
                .and_then(|rest| rest.split_whitespace().next())
                .unwrap_or_default();
            let kind = rule
                .split("type ")
                .nth(1)
                .and_then(|rest| rest.split_whitespace().next())
                .unwrap_or_default();
            if !matches!(
                hook,
                "prerouting"
                    | "input"
                    | "forward"
                    | "output"
                    | "postrouting"
                    | "ingress"
                    | "egress"
            ) || !matches!(kind, "filter" | "nat" | "route")
                || !rule.contains("priority")
            {
                found.push(
                    Finding::new("Y14", at, words)
                        .because("a base chain is `type filter hook input priority 0;`"),
                );
            }
        }
        for c in rule.chars() {
            match c {
                '{' => {
                    depth += 1;
                    open.push(
                        rule.starts_with("chain ")
                            || rule.contains("{ chain ") && open.last() != Some(&true),
                    );
                }
                '}' => {
                    depth -= 1;
                    open.pop();
                }
                _ => {}
            }
        }
    }
    if depth != 0 {
        let last = text.lines().count().max(1);
        found.push(
            Finding::new("Y14", line + last - 1, text.lines().last().unwrap_or_default())
                .because("braces do not match"),
        );
    }
}

/// Y14 about the words behind `nft`: what it is told to do, to what, and a rule's table, chain and statement.
pub fn words(args: &[&str]) -> Option<&'static str> {
    let mut words = args.iter().flat_map(|arg| arg.split_whitespace()).peekable();
    while words.peek().is_some_and(|word| word.starts_with('-')) {
        let option = words.next();
        if matches!(
            option,
            Some(
                "-f" | "--file"
                    | "-i"
                    | "--interactive"
                    | "-v"
                    | "-V"
                    | "-h"
                    | "--version"
                    | "--help"
            )
        ) {
            return None;
        }
        if matches!(option, Some("-I" | "--includepath" | "-D" | "--define")) {
            words.next();
        }
    }
    let verb = words.next()?;
    let is_verb = matches!(
        verb,
        "add"
            | "create"
            | "insert"
            | "replace"
            | "delete"
            | "destroy"
            | "list"
            | "flush"
            | "reset"
            | "rename"
            | "describe"
            | "monitor"
            | "export"
            | "import"
            | "get"
    );
    if verb.contains(['$', '{', ';']) {
        return None;
    }
    if !is_verb {
        return Some("nft begins with add, insert, delete, list, flush…");
    }
    let object = words.next()?;
    let is_rule = object == "rule" && matches!(verb, "add" | "insert" | "create");
    if !is_rule || args.iter().any(|arg| arg.contains(['$', '@', '<'])) {
        return None;
    }
    if words
        .peek()
        .is_some_and(|word| matches!(*word, "ip" | "ip6" | "inet" | "arp" | "bridge" | "netdev"))
    {
        words.next();
    }
    let (_table, _chain) = (words.next(), words.next());
    let mut statement = words;
    if matches!(statement.peek(), Some(&("position" | "index" | "handle"))) {
        statement.next();
        statement.next();
    }
    match statement.next() {
        None => Some("a rule needs a table, a chain and a statement"),
        Some(first) if first.starts_with(['{', '@', '"']) => None,
        Some(first) if STARTS.contains(&format!(" {first} ")) => None,
        Some(_) => Some("no statement of nft begins so"),
    }
}

/// What iptables-save writes and iptables-restore reads.
fn restore(text: &str, line: usize, found: &mut Vec<Finding>) {
    let mut in_table = false;
    for (row, words) in text.lines().enumerate() {
        let rule = words.trim();
        let bad = match rule.chars().next() {
            None | Some('#') => continue,
            Some('*') => {
                let twice = in_table;
                in_table = true;
                twice || !matches!(rule, "*filter" | "*nat" | "*mangle" | "*raw" | "*security")
            }
            Some(':') => {
                !in_table
                    || rule
                        .split_whitespace()
                        .nth(1)
                        .is_none_or(|policy| !matches!(policy, "ACCEPT" | "DROP" | "-"))
            }
            Some('-' | '[') => {
                !in_table
                    || rule.contains("-j ")
                        && rule.split("-j ").nth(1).is_some_and(|target| {
                            target.split_whitespace().next().is_some_and(|target| {
                                matches!(
                                    target,
                                    "DENY" | "BLOCK" | "drop" | "accept" | "reject" | "ALLOW"
                                )
                            })
                        })
            }
            _ if rule == "COMMIT" => {
                in_table = false;
                continue;
            }
            _ => true,
        };
        if bad {
            found.push(
                Finding::new("Y14", line + row, words)
                    .because("iptables-restore does not take this"),
            );
        }
    }
    if in_table {
        let last = text.lines().count().max(1);
        found.push(
            Finding::new("Y14", line + last - 1, text.lines().last().unwrap_or_default())
                .because("COMMIT is missing"),
        );
    }
}
