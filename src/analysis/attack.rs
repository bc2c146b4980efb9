//! MITRE ATT&CK: names and tactics of the techniques that rules and playbooks speak of.

use super::outcome::Attack;

/// Id, name, tactic. Sub-techniques carry their parent's name before a colon, as MITRE writes them.
const TECHNIQUES: &[(&str, &str, &str)] = &[
    ("T1003", "OS Credential Dumping", "credential-access"),
    ("T1003.007", "OS Credential Dumping: Proc Filesystem", "credential-access"),
    ("T1003.008", "OS Credential Dumping: /etc/passwd and /etc/shadow", "credential-access"),
    ("T1005", "Data from Local System", "collection"),
    ("T1014", "Rootkit", "defense-evasion"),
    ("T1020", "Automated Exfiltration", "exfiltration"),
    ("T1021", "Remote Services", "lateral-movement"),
    ("T1021.004", "Remote Services: SSH", "lateral-movement"),
    ("T1027", "Obfuscated Files or Information", "defense-evasion"),
    ("T1033", "System Owner/User Discovery", "discovery"),
    ("T1036", "Masquerading", "defense-evasion"),
    ("T1036.005", "Masquerading: Match Legitimate Resource Name or Location", "defense-evasion"),
    ("T1037", "Boot or Logon Initialization Scripts", "persistence"),
    ("T1040", "Network Sniffing", "credential-access"),
    ("T1041", "Exfiltration Over C2 Channel", "exfiltration"),
    ("T1046", "Network Service Discovery", "discovery"),
    ("T1048", "Exfiltration Over Alternative Protocol", "exfiltration"),
    ("T1053", "Scheduled Task/Job", "persistence"),
    ("T1053.003", "Scheduled Task/Job: Cron", "persistence"),
    ("T1055", "Process Injection", "defense-evasion"),
    ("T1055.008", "Process Injection: Ptrace System Calls", "defense-evasion"),
    ("T1055.009", "Process Injection: Proc Memory", "defense-evasion"),
    ("T1059", "Command and Scripting Interpreter", "execution"),
    ("T1059.004", "Command and Scripting Interpreter: Unix Shell", "execution"),
    ("T1059.006", "Command and Scripting Interpreter: Python", "execution"),
    ("T1068", "Exploitation for Privilege Escalation", "privilege-escalation"),
    ("T1070", "Indicator Removal", "defense-evasion"),
    ("T1070.002", "Indicator Removal: Clear Linux or Mac System Logs", "defense-evasion"),
    ("T1070.003", "Indicator Removal: Clear Command History", "defense-evasion"),
    ("T1070.004", "Indicator Removal: File Deletion", "defense-evasion"),
    ("T1071", "Application Layer Protocol", "command-and-control"),
    ("T1071.004", "Application Layer Protocol: DNS", "command-and-control"),
    ("T1078", "Valid Accounts", "initial-access"),
    ("T1078.001", "Valid Accounts: Default Accounts", "initial-access"),
    ("T1078.003", "Valid Accounts: Local Accounts", "initial-access"),
    ("T1078.004", "Valid Accounts: Cloud Accounts", "initial-access"),
    ("T1082", "System Information Discovery", "discovery"),
    ("T1083", "File and Directory Discovery", "discovery"),
    ("T1087", "Account Discovery", "discovery"),
    ("T1090", "Proxy", "command-and-control"),
    ("T1095", "Non-Application Layer Protocol", "command-and-control"),
    ("T1098", "Account Manipulation", "persistence"),
    ("T1098.001", "Account Manipulation: Additional Cloud Credentials", "persistence"),
    ("T1098.003", "Account Manipulation: Additional Cloud Roles", "persistence"),
    ("T1098.004", "Account Manipulation: SSH Authorized Keys", "persistence"),
    ("T1098.006", "Account Manipulation: Additional Container Cluster Roles", "persistence"),
    ("T1105", "Ingress Tool Transfer", "command-and-control"),
    ("T1106", "Native API", "execution"),
    ("T1110", "Brute Force", "credential-access"),
    ("T1110.001", "Brute Force: Password Guessing", "credential-access"),
    ("T1110.003", "Brute Force: Password Spraying", "credential-access"),
    ("T1133", "External Remote Services", "initial-access"),
    ("T1136", "Create Account", "persistence"),
    ("T1136.001", "Create Account: Local Account", "persistence"),
    ("T1136.003", "Create Account: Cloud Account", "persistence"),
    ("T1140", "Deobfuscate/Decode Files or Information", "defense-evasion"),
    ("T1176", "Software Extensions", "persistence"),
    ("T1190", "Exploit Public-Facing Application", "initial-access"),
    ("T1195", "Supply Chain Compromise", "initial-access"),
    (
        "T1195.001",
        "Supply Chain Compromise: Software Dependencies and Development Tools",
        "initial-access",
    ),
    ("T1195.002", "Supply Chain Compromise: Software Supply Chain", "initial-access"),
    ("T1199", "Trusted Relationship", "initial-access"),
    ("T1204", "User Execution", "execution"),
    ("T1204.003", "User Execution: Malicious Image", "execution"),
    ("T1205", "Traffic Signaling", "command-and-control"),
    ("T1210", "Exploitation of Remote Services", "lateral-movement"),
    ("T1212", "Exploitation for Credential Access", "credential-access"),
    ("T1213", "Data from Information Repositories", "collection"),
    ("T1213.003", "Data from Information Repositories: Code Repositories", "collection"),
    ("T1222", "File and Directory Permissions Modification", "defense-evasion"),
    ("T1222.002", "File and Directory Permissions Modification: Linux and Mac", "defense-evasion"),
    ("T1485", "Data Destruction", "impact"),
    ("T1489", "Service Stop", "impact"),
    ("T1490", "Inhibit System Recovery", "impact"),
    ("T1496", "Resource Hijacking", "impact"),
    ("T1496.001", "Resource Hijacking: Compute Hijacking", "impact"),
    ("T1498", "Network Denial of Service", "impact"),
    ("T1499", "Endpoint Denial of Service", "impact"),
    ("T1505", "Server Software Component", "persistence"),
    ("T1505.003", "Server Software Component: Web Shell", "persistence"),
    ("T1528", "Steal Application Access Token", "credential-access"),
    ("T1530", "Data from Cloud Storage", "collection"),
    ("T1531", "Account Access Removal", "impact"),
    ("T1534", "Internal Spearphishing", "lateral-movement"),
    ("T1537", "Transfer Data to Cloud Account", "exfiltration"),
    ("T1539", "Steal Web Session Cookie", "credential-access"),
    ("T1542", "Pre-OS Boot", "persistence"),
    ("T1543", "Create or Modify System Process", "persistence"),
    ("T1543.002", "Create or Modify System Process: Systemd Service", "persistence"),
    ("T1546", "Event Triggered Execution", "persistence"),
    (
        "T1546.004",
        "Event Triggered Execution: Unix Shell Configuration Modification",
        "persistence",
    ),
    ("T1547", "Boot or Logon Autostart Execution", "persistence"),
    (
        "T1547.006",
        "Boot or Logon Autostart Execution: Kernel Modules and Extensions",
        "persistence",
    ),
    ("T1548", "Abuse Elevation Control Mechanism", "privilege-escalation"),
    ("T1548.001", "Abuse Elevation Control Mechanism: Setuid and Setgid", "privilege-escalation"),
    (
        "T1548.003",
        "Abuse Elevation Control Mechanism: Sudo and Sudo Caching",
        "privilege-escalation",
    ),
    ("T1550", "Use Alternate Authentication Material", "lateral-movement"),
    ("T1552", "Unsecured Credentials", "credential-access"),
    ("T1552.001", "Unsecured Credentials: Credentials In Files", "credential-access"),
    ("T1552.003", "Unsecured Credentials: Shell History", "credential-access"),
    ("T1552.004", "Unsecured Credentials: Private Keys", "credential-access"),
    ("T1552.005", "Unsecured Credentials: Cloud Instance Metadata API", "credential-access"),
    ("T1552.007", "Unsecured Credentials: Container API", "credential-access"),
    ("T1553", "Subvert Trust Controls", "defense-evasion"),
    ("T1554", "Compromise Host Software Binary", "persistence"),
    ("T1555", "Credentials from Password Stores", "credential-access"),
    ("T1556", "Modify Authentication Process", "credential-access"),
    (
        "T1556.003",
        "Modify Authentication Process: Pluggable Authentication Modules",
        "credential-access",
    ),
    (
        "T1556.006",
        "Modify Authentication Process: Multi-Factor Authentication",
        "credential-access",
    ),
    ("T1557", "Adversary-in-the-Middle", "credential-access"),
    ("T1557.002", "Adversary-in-the-Middle: ARP Cache Poisoning", "credential-access"),
    ("T1547.009", "Boot or Logon Autostart Execution: Shortcut Modification", "persistence"),
    ("T1561", "Disk Wipe", "impact"),
    ("T1561.001", "Disk Wipe: Disk Content Wipe", "impact"),
    ("T1561.002", "Disk Wipe: Disk Structure Wipe", "impact"),
    ("T1072", "Software Deployment Tools", "execution"),
    ("T1560", "Archive Collected Data", "collection"),
    ("T1562", "Impair Defenses", "defense-evasion"),
    ("T1562.001", "Impair Defenses: Disable or Modify Tools", "defense-evasion"),
    ("T1562.007", "Impair Defenses: Disable or Modify Cloud Firewall", "defense-evasion"),
    ("T1562.008", "Impair Defenses: Disable or Modify Cloud Logs", "defense-evasion"),
    ("T1564", "Hide Artifacts", "defense-evasion"),
    ("T1564.001", "Hide Artifacts: Hidden Files and Directories", "defense-evasion"),
    ("T1565", "Data Manipulation", "impact"),
    ("T1567", "Exfiltration Over Web Service", "exfiltration"),
    ("T1570", "Lateral Tool Transfer", "lateral-movement"),
    ("T1571", "Non-Standard Port", "command-and-control"),
    ("T1572", "Protocol Tunneling", "command-and-control"),
    ("T1573", "Encrypted Channel", "command-and-control"),
    ("T1574", "Hijack Execution Flow", "persistence"),
    ("T1574.006", "Hijack Execution Flow: Dynamic Linker Hijacking", "persistence"),
    ("T1578", "Modify Cloud Compute Infrastructure", "defense-evasion"),
    ("T1578.002", "Modify Cloud Compute Infrastructure: Create Cloud Instance", "defense-evasion"),
    (
        "T1578.005",
        "Modify Cloud Compute Infrastructure: Modify Cloud Compute Configurations",
        "defense-evasion",
    ),
    ("T1580", "Cloud Infrastructure Discovery", "discovery"),
    ("T1606", "Forge Web Credentials", "credential-access"),
    ("T1609", "Container Administration Command", "execution"),
    ("T1610", "Deploy Container", "execution"),
    ("T1611", "Escape to Host", "privilege-escalation"),
    ("T1612", "Build Image on Host", "defense-evasion"),
    ("T1613", "Container and Resource Discovery", "discovery"),
    ("T1619", "Cloud Storage Object Discovery", "discovery"),
    ("T1620", "Reflective Code Loading", "defense-evasion"),
    ("T1621", "Multi-Factor Authentication Request Generation", "credential-access"),
    ("T1622", "Debugger Evasion", "defense-evasion"),
    ("T1648", "Serverless Execution", "execution"),
    ("T1649", "Steal or Forge Authentication Certificates", "credential-access"),
    ("T1651", "Cloud Administration Command", "execution"),
    ("T1657", "Financial Theft", "impact"),
];

/// A technique by its id; one that the table lacks is kept with its id for a name.
pub fn technique(id: &str) -> Option<Attack> {
    let id = id.to_ascii_uppercase();
    let digits = id.strip_prefix('T')?;
    let (number, sub) = digits.split_once('.').unwrap_or((digits, "000"));
    let all_digits =
        |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(number, 4) || !all_digits(sub, 3) {
        return None;
    }
    let (name, tactic) = TECHNIQUES
        .iter()
        .find(|(known, ..)| *known == id)
        .map_or((id.as_str(), "unknown"), |(_, name, tactic)| (*name, *tactic));
    let url = format!("https://attack.mitre.org/techniques/{}/", id.replace('.', "/"));
    Some(Attack { technique: id.clone(), name: name.to_owned(), tactic: tactic.to_owned(), url })
}

/// Whether the table knows a technique.
pub fn is_known(id: &str) -> bool {
    TECHNIQUES.iter().any(|(known, ..)| *known == id)
}

/// The technique that a tag names, however it is written: `T1059.004`, `attack.t1059`, `mitre_T1059`.
pub fn technique_of_tag(tag: &str) -> Option<String> {
    let word = tag.rsplit_once(|c: char| "_:/-".contains(c)).map_or(tag, |(_, word)| word);
    let word = word.strip_prefix("attack.").unwrap_or(word);
    let rest = word.strip_prefix(['T', 't'])?;
    let (number, sub) = rest.split_once('.').unwrap_or((rest, "000"));
    let is_number =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(number, 4) && is_number(sub, 3)).then(|| word.to_ascii_uppercase())
}

/// The tactic that a tag names: `mitre_credential_access`, `attack.persistence`, `TA0010`.
pub fn tactic_of_tag(tag: &str) -> Option<&'static str> {
    let behind = |mark: &str| {
        let (head, name) = tag.split_at_checked(mark.len())?;
        head.eq_ignore_ascii_case(mark).then_some(name)
    };
    let marked = behind("mitre_").or_else(|| behind("attack."));
    let name = marked.unwrap_or(tag).bytes();
    let name = name.map(|byte| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() });
    let is_it = |known: &str| name.clone().eq(known.bytes());
    let found =
        TACTICS.iter().find(|(id, tactic)| is_it(id) || (marked.is_some() && is_it(tactic)));
    found.map(|(_, tactic)| *tactic)
}

/// Ids and names of the tactics, in the order of an attack.
const TACTICS: [(&str, &str); 14] = [
    ("ta0043", "reconnaissance"),
    ("ta0042", "resource-development"),
    ("ta0001", "initial-access"),
    ("ta0002", "execution"),
    ("ta0003", "persistence"),
    ("ta0004", "privilege-escalation"),
    ("ta0005", "defense-evasion"),
    ("ta0006", "credential-access"),
    ("ta0007", "discovery"),
    ("ta0008", "lateral-movement"),
    ("ta0009", "collection"),
    ("ta0011", "command-and-control"),
    ("ta0010", "exfiltration"),
    ("ta0040", "impact"),
];

/// The tactics an alert speaks of: those its tags name, and those of its techniques.
pub fn tactics(tags: &[Box<str>]) -> Vec<&'static str> {
    let mut tactics = Vec::new();
    let named = tags.iter().filter_map(|tag| tactic_of_tag(tag));
    let of_techniques = tags.iter().filter_map(|tag| {
        let id = technique_of_tag(tag)?;
        TECHNIQUES.iter().find(|(known, ..)| *known == id).map(|(_, _, tactic)| *tactic)
    });
    for tactic in named.chain(of_techniques) {
        if !tactics.contains(&tactic) {
            tactics.push(tactic);
        }
    }
    tactics
}
