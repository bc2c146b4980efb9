//! Values of output fields, kept as Falco wrote them.

/// A JSON value that keeps the digits of its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Null,
    Bool(bool),
    /// The digits as they stood in the record: `18446744073670260079` and `1e400` survive.
    Number(Box<str>),
    String(Box<str>),
    Array(Vec<Value>),
    Object(Vec<(Box<str>, Value)>),
}

impl Value {
    /// The value as Falco prints it in text: numbers by their digits, lists as `(a,b)`, null as `<NA>`.
    pub fn display(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Self::Null => "<NA>".into(),
            Self::Bool(true) => "true".into(),
            Self::Bool(false) => "false".into(),
            Self::Number(digits) => (&**digits).into(),
            Self::String(text) => (&**text).into(),
            Self::Array(items) => {
                let items: Vec<_> = items.iter().map(Self::display).collect();
                format!("({})", items.join(",")).into()
            }
            Self::Object(members) => {
                let members: Vec<_> =
                    members.iter().map(|(k, v)| format!("{k}={}", v.display())).collect();
                format!("{{{}}}", members.join(",")).into()
            }
        }
    }

    /// The text of a string value.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number that fits, from a number or from a string of digits (gRPC clients and falcosidekick write those).
    pub fn as_i128(&self) -> Option<i128> {
        match self {
            Self::Number(digits) => digits.parse().ok(),
            Self::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A boolean, from a boolean or from the words.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::String(text) if &**text == "true" => Some(true),
            Self::String(text) if &**text == "false" => Some(false),
            _ => None,
        }
    }

    /// Whether Falco says that it does not know: null, or the text `<NA>` in any of its spellings. `""` is known to be empty.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Null => true,
            Self::String(text) => &**text == "<NA>",
            _ => false,
        }
    }
}

/// Output fields in the order they were received; a key appears once (the last one won).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(pub Vec<(Box<str>, Value)>);

impl Fields {
    /// The value under a key exactly as received, null included; `None` when the key is absent.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(name, _)| &**name == key).map(|(_, value)| value)
    }

    /// The value under a key when Falco knew it (not absent, null or `<NA>`).
    pub fn known(&self, key: &str) -> Option<&Value> {
        self.get(key).filter(|value| !value.is_missing())
    }

    /// The non-empty text under a key when Falco knew it; numbers come as their digits only through [`Value::display`].
    pub fn text(&self, key: &str) -> Option<&str> {
        self.known(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// The whole number under a key.
    pub fn number(&self, key: &str) -> Option<i128> {
        self.known(key).and_then(Value::as_i128)
    }

    /// Sets a key, replacing an earlier value; says whether there was one.
    pub fn set(&mut self, key: &str, value: Value) -> bool {
        if let Some((_, old)) = self.0.iter_mut().find(|(name, _)| &**name == key) {
            *old = value;
            return true;
        }
        self.0.push((key.into(), value));
        false
    }

    /// Keys and values in the order received.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}
