//! `assert_pool`: a pool is there, and has room.

use crate::airflow::answer::Pool;
use crate::executor::Stop;
use crate::executor::near::{or_none, with_near};
use crate::executor::step::StepRun;
use crate::executor::within::may_come;
use crate::outcome::{ActionResult, Failure, FailureKind, PoolResult};
use crate::playbook::action::AssertPool;
use crate::playbook::field::Count;

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn assert_pool(&mut self) -> Result<ActionResult, Stop> {
        let keys: AssertPool = self.arguments()?;
        self.check_no_secret("pool_name", &keys.pool_name.0)?;
        let found = self.within(keys.within, may_come, async |step| step.pool_as_asked(&keys).await).await;
        match found {
            Err(Stop::Failed(failure)) if failure.kind == FailureKind::NotFound => {
                Err(self.no_such_pool(&keys.pool_name.0, *failure).await?.into())
            }
            found => Ok(ActionResult::AssertPool(Box::new(result(found?)))),
        }
    }

    async fn pool_as_asked(&mut self, keys: &AssertPool) -> Result<Pool, Stop> {
        let name = &keys.pool_name.0;
        let missing = Failure::new(FailureKind::NotFound, format!("there is no pool `{name}`"));
        let missing = missing.at(self.location_of("pool_name"));
        let pool = self.found(|| missing, async |client, limit| client.pool(name, limit).await).await?;
        for (key, wanted, has, (one, many)) in [
            ("min_slots", keys.min_slots, pool.slots, ("slot", "slots")),
            ("min_open_slots", keys.min_open_slots, pool.open_slots, ("open slot", "open slots")),
        ] {
            // A pool of any number of slots always has enough.
            if pool.slots >= 0 && wanted.is_some_and(|wanted| is_less(has, wanted)) {
                let at_least = wanted.map(|wanted| wanted.0).unwrap_or_default();
                let what = if has == 1 { one } else { many };
                let message = format!("the pool `{name}` has {has} {what}, where {at_least} must be");
                let failure = Failure::new(FailureKind::NotReady, message).at(self.location_of(key));
                let (slots, taken) = (pool.slots, pool.occupied_slots);
                self.known = Some(ActionResult::AssertPool(Box::new(result(pool))));
                return Err(failure.with_note(format!("{taken} of its {slots} slots are taken")).into());
            }
        }
        Ok(pool)
    }

    async fn no_such_pool(&mut self, name: &str, failure: Failure) -> Result<Failure, Stop> {
        let all = self.pages(async |client, offset, limit| client.pools(offset, limit).await).await;
        Ok(match or_none(all)? {
            Some(all) => with_near(failure, name, all.iter().map(|pool| pool.name.as_str()), ("pool", "pools")),
            None => failure,
        })
    }
}

fn is_less(has: i64, wanted: Count) -> bool {
    u64::try_from(has).is_ok_and(|has| has < wanted.0) || has < 0
}

fn result(pool: Pool) -> PoolResult {
    PoolResult {
        pool_name: pool.name,
        description: pool.description,
        slots: pool.slots,
        open_slots: pool.open_slots,
        occupied_slots: pool.occupied_slots,
        running_slots: pool.running_slots,
        queued_slots: pool.queued_slots,
        scheduled_slots: pool.scheduled_slots,
        deferred_slots: pool.deferred_slots,
    }
}
