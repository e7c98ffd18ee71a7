//! Certificates made for one test: authorities, and what they sign.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::{ALL_VERSIONS, RootCertStore, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Who signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
    der: CertificateDer<'static>,
    key_der: Vec<u8>,
}

/// When a certificate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// Now.
    Now,
    /// Until some years ago.
    Over,
    /// Not for a long time.
    Later,
}

impl Authority {
    /// An authority of this name.
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// Its own certificate.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server's certificate for this name or address.
    pub(crate) fn server(&self, name: &str, lifetime: Lifetime) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let certificate = params(name, lifetime).signed_by(&key, &self.0).expect("a certificate");
        Identity::new(&certificate, &key)
    }

    /// A client's certificate.
    pub(crate) fn client(&self, name: &str) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let mut params = params(name, Lifetime::Now);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        Identity::new(&params.signed_by(&key, &self.0).expect("a certificate"), &key)
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).expect("a certificate");
        Arc::new(roots)
    }
}

impl Identity {
    fn new(certificate: &rcgen::Certificate, key: &KeyPair) -> Self {
        let (der, key_der) = (certificate.der().clone(), key.serialize_der());
        Self { certificate: certificate.pem(), key: key.serialize_pem(), der, key_der }
    }

    /// A server's certificate that it has signed itself; `is_authority` as `openssl req -x509` makes them.
    pub(crate) fn self_signed(name: &str, is_authority: bool) -> Self {
        Self::self_signed_in(name, is_authority, Lifetime::Now)
    }

    /// The same with a time in which it counts.
    pub(crate) fn self_signed_in(name: &str, is_authority: bool, lifetime: Lifetime) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = params(name, lifetime);
        if is_authority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        Self::new(&params.self_signed(&key).expect("a certificate"), &key)
    }

    /// A server with this certificate.
    pub(crate) fn server(&self) -> ServerConfig {
        self.server_of(None, ALL_VERSIONS)
    }

    /// A server of these versions of TLS, which asks its clients for a certificate that `clients` has signed.
    pub(crate) fn server_of(
        &self,
        clients: Option<&Authority>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ServerConfig {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions);
        let builder = builder.expect("good versions");
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(authority.roots(), provider);
                builder.with_client_cert_verifier(verifier.build().expect("an authority"))
            }
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key_der.clone()));
        builder.with_single_cert(vec![self.der.clone()], key).expect("a good certificate")
    }
}

fn params(name: &str, lifetime: Lifetime) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a good name");
    params.distinguished_name.push(DnType::CommonName, name);
    let (from, to) = match lifetime {
        Lifetime::Now => (2020, 2120),
        Lifetime::Over => (2020, 2021),
        Lifetime::Later => (2119, 2120),
    };
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
    params
}
