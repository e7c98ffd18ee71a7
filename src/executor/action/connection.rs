//! `assert_connection`: a connection is there. Host, login, password and extra are not read, so they can't be shown.

use crate::airflow::answer::Connection;
use crate::executor::Stop;
use crate::executor::near::{or_none, with_near};
use crate::executor::step::StepRun;
use crate::executor::within::may_come;
use crate::outcome::{ActionResult, ConnectionResult, Failure, FailureKind};
use crate::playbook::action::AssertConnection;

impl StepRun<'_, '_> {
    pub(in crate::executor) async fn assert_connection(&mut self) -> Result<ActionResult, Stop> {
        let keys: AssertConnection = self.arguments()?;
        self.check_no_secret("connection_id", &keys.connection_id.0)?;
        let found = self.within(keys.within, may_come, async |step| step.connection_as_asked(&keys).await).await;
        let connection = match found {
            Err(Stop::Failed(failure)) if failure.kind == FailureKind::NotFound => {
                return Err(self.no_such_connection(&keys.connection_id.0, *failure).await?.into());
            }
            found => found?,
        };
        let Connection { connection_id, conn_type, description } = connection;
        Ok(ActionResult::AssertConnection(ConnectionResult { connection_id, conn_type, description }))
    }

    async fn connection_as_asked(&mut self, keys: &AssertConnection) -> Result<Connection, Stop> {
        let id = &keys.connection_id.0;
        let missing = Failure::new(FailureKind::NotFound, format!("there is no connection `{id}`"));
        let missing = missing.at(self.location_of("connection_id"));
        let connection = self.found(|| missing, async |client, limit| client.connection(id, limit).await).await?;
        match keys.conn_type.as_ref().filter(|wanted| wanted.0 != connection.conn_type) {
            None => Ok(connection),
            Some(wanted) => {
                let is = &connection.conn_type;
                let message = format!("the connection `{id}` is of the type `{is}`, not `{}`", wanted.0);
                let failure = Failure::new(FailureKind::NotReady, message);
                Err(failure.at(self.location_of("conn_type")).into())
            }
        }
    }

    async fn no_such_connection(&mut self, id: &str, failure: Failure) -> Result<Failure, Stop> {
        let all = self.pages(async |client, offset, limit| client.connections(offset, limit).await).await;
        Ok(match or_none(all)? {
            Some(all) => {
                let ids = all.iter().map(|connection| connection.connection_id.as_str());
                let failure = with_near(failure, id, ids, ("connection", "connections"));
                failure.with_note("connections from environment variables or a secrets backend are not in the API")
            }
            None => failure,
        })
    }
}
