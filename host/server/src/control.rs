//! Who may change what a server keeps.

use std::fmt;

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// Calls that change what is kept for others: key sets and operator sets.
const CHANGES: [&str; 6] = [
    "PutKeySet",
    "DropKeySet",
    "PutOperatorSet",
    "PutOperatorSetStream",
    "AdvanceOperatorSet",
    "DisableOperatorSet",
];
const TOKEN_BYTES: std::ops::RangeInclusive<usize> = 16..=4_096;
const SCHEME: &[u8] = b"Bearer ";

/// Who may make the calls that change what is kept.
#[derive(Clone, Debug, Default)]
pub enum Control {
    /// Whoever reaches the server.
    #[default]
    Anyone,
    /// Whoever sends this token.
    Token(ControlToken),
}

/// A secret that is sent as `authorization: Bearer ...`.
#[derive(Clone)]
pub struct ControlToken(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a control token is 16 to 4096 visible ASCII characters; openssl rand -hex 32 makes one")]
pub struct NotAToken;

impl ControlToken {
    /// White space around it does not count: files end with a line feed.
    pub fn new(text: &str) -> Result<Self, NotAToken> {
        let text = text.trim();
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if visible && TOKEN_BYTES.contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAToken)
        }
    }

    /// Takes as long wherever the first difference is.
    fn is(&self, given: &[u8]) -> bool {
        let differences = self.0.bytes().zip(given).map(|(a, b)| a ^ b);
        self.0.len() == given.len() && differences.fold(0, |all, one| all | one) == 0
    }
}

impl fmt::Debug for ControlToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ControlToken(..)")
    }
}

impl Control {
    pub(crate) fn permits(&self, method: &str, headers: &HeaderMap) -> bool {
        match self {
            Self::Token(token) if CHANGES.contains(&method) => {
                let given = headers.get(AUTHORIZATION).map(http::HeaderValue::as_bytes);
                let given = given.and_then(|value| value.strip_prefix(SCHEME));
                given.is_some_and(|given| token.is(given))
            }
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_token_permits_changes() {
        let secret = "0123456789abcdef";
        let control = Control::Token(ControlToken::new(&format!("{secret}\n")).unwrap());
        let permits = |method: &str, value: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(AUTHORIZATION, value.parse().unwrap());
            }
            control.permits(method, &headers)
        };
        for method in CHANGES {
            assert!(permits(method, Some("Bearer 0123456789abcdef")), "{method}");
            let wrong = [
                None,
                Some(""),
                Some(secret),
                Some("Bearer "),
                Some("Bearer 0123456789abcde"),
                Some("Bearer 0123456789abcdef0"),
                Some("Bearer 1123456789abcdef"),
                Some("bearer 0123456789abcdef"),
            ];
            for value in wrong {
                assert!(!permits(method, value), "{method} {value:?}");
            }
            assert!(Control::Anyone.permits(method, &HeaderMap::new()));
        }
        assert!(permits("VerifyCertificate", None));
    }

    #[test]
    fn tokens_are_long_and_visible_and_stay_secret() {
        for wrong in [
            "",
            "0123456789abcde",
            "0123456789 abcdef",
            "0123456789abcdé0",
        ] {
            assert_eq!(ControlToken::new(wrong).unwrap_err(), NotAToken, "{wrong}");
        }
        let token = ControlToken::new("0123456789abcdef").unwrap();
        assert!(!format!("{token:?}").contains("0123"));
    }

    /// A method that is renamed must not lose its guard.
    #[test]
    fn every_guarded_method_is_in_the_contract() {
        use prost::Message as _;
        let set = prost_types::FileDescriptorSet::decode(tutti_proto::FILE_DESCRIPTOR_SET).unwrap();
        let services = set.file.iter().flat_map(|file| &file.service);
        let methods: Vec<&str> = services
            .flat_map(|service| {
                service
                    .method
                    .iter()
                    .map(prost_types::MethodDescriptorProto::name)
            })
            .collect();
        for method in CHANGES {
            assert!(methods.contains(&method), "{method}");
        }
        let changing = ["Put", "Drop", "Advance", "Disable", "Delete", "Set"];
        for method in methods {
            let changes = changing.iter().any(|word| method.starts_with(word));
            assert_eq!(changes, CHANGES.contains(&method), "{method}");
        }
    }
}
