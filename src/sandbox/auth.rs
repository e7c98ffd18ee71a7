//! Who may come in.
//!
//! In: the credentials of a scenario, and those of requests. Out: whether they are good. How a bad one is answered is each
//! API's own affair.

use jiff::{SignedDuration, Timestamp};

use super::scenario::AuthScript;

/// The user whose password is the API key, for the exchange of Airflow 3.
const KEY_USER: &str = "__datacoves_token__";
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The credentials that are good, with the tokens handed out so far.
#[derive(Debug)]
pub(crate) struct Gate {
    script: AuthScript,
    key: String,
    tokens: Vec<(String, Timestamp)>,
}

/// What an exchanged token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    /// It is good.
    Good,
    /// It was good once.
    Expired,
    /// It was never handed out.
    Unknown,
}

impl Gate {
    /// The gate of a scenario; without a key in it, a fresh random one is made.
    pub(crate) fn new(script: &AuthScript) -> std::io::Result<Self> {
        let key = match &script.key {
            Some(key) => key.clone(),
            None => format!("sandbox-{}", random_hex()?),
        };
        Ok(Self { script: script.clone(), key, tokens: Vec::new() })
    }

    /// The API key.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Whether whoever comes in may write.
    pub(crate) const fn may_write(&self) -> bool {
        !self.script.read_only
    }

    /// Whether tokens can be had.
    pub(crate) const fn has_exchange(&self) -> bool {
        !self.script.no_token_exchange
    }

    /// Whether this is the API key.
    pub(crate) fn knows_key(&self, key: &str) -> bool {
        !self.script.key_rejected && key == self.key
    }

    /// Whether this is a user with the right password.
    pub(crate) fn knows_user(&self, username: &str, password: &str) -> bool {
        let mut users = self.script.users.iter();
        !self.script.key_rejected && users.any(|user| user.username == username && user.password == password)
    }

    /// Hands out a token for a user, or for the API key.
    pub(crate) fn exchange(&mut self, username: &str, password: &str, now: Timestamp) -> Option<String> {
        let is_known = self.knows_user(username, password) || (username == KEY_USER && self.knows_key(password));
        let random = random_hex().ok().filter(|_| is_known)?;
        let token = format!("sandbox.{username}.{random}").replace("__", "");
        let life = self.script.token_life.and_then(|life| SignedDuration::try_from(life.0).ok()).unwrap_or(DAY);
        self.tokens.push((token.clone(), now.saturating_add(life).unwrap_or(Timestamp::MAX)));
        Some(token)
    }

    /// What this token is worth now.
    pub(crate) fn judge(&self, token: &str, now: Timestamp) -> Token {
        match self.tokens.iter().find(|(known, _)| known == token) {
            Some((_, end)) if now < *end => Token::Good,
            Some(_) => Token::Expired,
            None => Token::Unknown,
        }
    }
}

fn random_hex() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::getrandom(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(yaml: &str) -> Gate {
        Gate::new(&serde_yaml::from_str(yaml).expect("a good script")).expect("there is randomness")
    }

    #[test]
    fn every_start_has_a_key_of_its_own_unless_the_scenario_says_one() {
        assert_ne!(gate("{}").key(), gate("{}").key());
        assert_eq!(gate("{key: abc}").key(), "abc");
    }

    #[test]
    fn the_key_is_exchanged_for_a_token_that_ends() {
        let mut gate = gate("{key: abc, token_life: 1m}");
        let start = Timestamp::UNIX_EPOCH;
        assert_eq!(gate.exchange(KEY_USER, "wrong", start), None);
        let token = gate.exchange(KEY_USER, "abc", start).expect("the key is right");
        assert_eq!(gate.judge(&token, start + SignedDuration::from_secs(59)), Token::Good);
        assert_eq!(gate.judge(&token, start + SignedDuration::from_secs(60)), Token::Expired);
        assert_eq!(gate.judge("other", start), Token::Unknown);
    }

    #[test]
    fn a_rejected_key_opens_nothing() {
        let gate = gate("{key: abc, key_rejected: true}");
        assert!(!gate.knows_key("abc"));
    }
}
