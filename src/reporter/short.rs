//! The ids that we make ourselves, cut for the screen: the tail tells one from all others.

/// The longest id that is shown whole.
const SHORT_ENOUGH: usize = 32;

/// `myaf__loans__load__20261123t070326z-86bb2fa5__51f0b1cb03b07ed5` as `myaf__…__51f0b1cb03b07ed5`; an id that somebody else
/// made stays whole.
pub(super) fn short(id: &str, has_ellipsis: bool) -> String {
    let is_ours = id.starts_with("myaf__") && id.chars().count() > SHORT_ENOUGH;
    let tail = id.rsplit_once("__").map(|(_, tail)| tail).filter(|tail| tail.len() <= 16 && !tail.is_empty());
    match tail.filter(|_| is_ours) {
        Some(tail) => format!("myaf__{}__{tail}", if has_ellipsis { "…" } else { "..." }),
        None => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_long_id_of_our_own_is_cut_and_its_tail_stays() {
        let ours = "myaf__loans__load__20261123t070326z-86bb2fa5__51f0b1cb03b07ed5";
        assert_eq!(short(ours, true), "myaf__…__51f0b1cb03b07ed5");
        assert_eq!(short(ours, false), "myaf__...__51f0b1cb03b07ed5");
        for whole in
            ["manual__2026-10-01T00:00:00.000000+00:00_and_a_long_tail", "myaf__a__b__c__d", "", "myaf__é", "ours"]
        {
            assert_eq!(short(whole, true), whole);
        }
    }
}
