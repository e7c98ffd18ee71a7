//! Any text as the URL of an Airflow: what is taken keeps its origin and shows no password.
#![no_main]

use libfuzzer_sys::fuzz_target;
use myaf_run::airflow::base_url::BaseUrl;
use myaf_run::airflow::model::ApiVersion;

fuzz_target!(|text: &str| {
    let Ok(url) = BaseUrl::parse(text) else { return };
    let again = BaseUrl::parse(&url.to_string()).expect("what is shown can be read");
    assert_eq!(url.origin(), again.origin());
    for version in [ApiVersion::V1, ApiVersion::V2] {
        assert_eq!(url.under_api(version, "dags").origin().ascii_serialization(), url.origin());
    }
});
