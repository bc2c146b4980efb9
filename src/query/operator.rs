//! The operators, quantifiers and transformers of the language: their spelling, and which types an operator fits.

use super::kind::Kind;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $word:literal $says:literal)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $(#[doc = $says] $variant),* }

        impl $name {
            /// All of them, in the order they are explained.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// How it is written.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// One line for people.
            pub fn says(self) -> &'static str {
                match self { $(Self::$variant => $says),* }
            }
        }
    };
}

words! {
    /// An operator that compares; `exists` stands apart because it compares with nothing.
    Operator {
        Equal "=" "is the same"
        NotEqual "!=" "is known and not the same"
        Less "<" "is less"
        LessEqual "<=" "is less or the same"
        Greater ">" "is greater"
        GreaterEqual ">=" "is greater or the same"
        Contains "contains" "has the text in it"
        IContains "icontains" "has the text in it, upper and lower case alike"
        StartsWith "startswith" "begins with the text"
        EndsWith "endswith" "ends with the text"
        Glob "glob" "fits the pattern of * ? [a-z] as a whole"
        IGlob "iglob" "fits the pattern as a whole, upper and lower case alike"
        Regex "regex" "fits the regular expression as a whole"
        In "in" "is one of the list; every element of a list field is"
        Intersects "intersects" "an element is one of the list"
        PMatch "pmatch" "lies at or under one of the paths"
        BContains "bcontains" "the buffer has these bytes (hex digits) in it"
        BStartsWith "bstartswith" "the buffer begins with these bytes (hex digits)"
    }
}

words! {
    /// How many items of a list have to satisfy an operator that takes one value.
    Quantifier {
        OneOf "oneof" "exactly one item satisfies the operator"
        AnyOf "anyof" "at least one item satisfies the operator"
        AllOf "allof" "every item satisfies the operator"
    }
}

words! {
    /// A function over a field's value.
    Transformer {
        Val "val" "the value of a field, on the right-hand side"
        ToLower "tolower" "the text in lower case (ASCII)"
        ToUpper "toupper" "the text in upper case (ASCII)"
        B64 "b64" "the text that the Base64 stands for"
        Basename "basename" "what follows the last slash"
        Len "len" "the length: bytes of a text, elements of a list"
        Join "join" "values joined by a separator: join(\",\", (a.b, c.d))"
        Concat "concat" "values one after the other: concat(a.b, \"-\", c.d)"
        GetOpt "getopt" "a command-line option's value: getopt(proc.args, \"o:v\")[o]"
    }
}

impl Operator {
    /// Finds an operator by its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operator| operator.word() == word)
    }

    /// Operators whose right-hand side is a list.
    pub fn takes_list(self) -> bool {
        matches!(self, Self::In | Self::Intersects | Self::PMatch)
    }

    /// Operators whose right-hand side is written as a number.
    pub fn takes_number(self) -> bool {
        matches!(self, Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual)
    }

    /// Whether Falco has this operator for values of a kind. Unknown kinds take all.
    pub fn fits(self, kind: Kind) -> bool {
        match kind {
            Kind::Unknown => true,
            Kind::Text => !matches!(self, Self::BContains | Self::BStartsWith),
            Kind::Bytes => matches!(
                self,
                Self::Equal
                    | Self::NotEqual
                    | Self::Contains
                    | Self::StartsWith
                    | Self::EndsWith
                    | Self::BContains
                    | Self::BStartsWith
                    | Self::In
                    | Self::Intersects
            ),
            Kind::Bool | Kind::Address | Kind::Net => {
                matches!(self, Self::Equal | Self::NotEqual | Self::In | Self::Intersects)
            }
            Kind::Number(_)
            | Kind::Port
            | Kind::Float
            | Kind::Time
            | Kind::Priority
            | Kind::Level => {
                self.takes_number()
                    || matches!(self, Self::Equal | Self::NotEqual | Self::In | Self::Intersects)
            }
            Kind::List => matches!(self, Self::In | Self::Intersects),
        }
    }
}

impl Transformer {
    /// Reads a transformer's name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|transformer| transformer.word() == word)
    }
}
