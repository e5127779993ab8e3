//! A registry that keeps its components elsewhere, behind TLS: who that is counts.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::harness::liar::honestly;
use crate::harness::{Artifact, DEADLINE, Liar, Told, edition, editions};

/// Of localhost and 127.0.0.1, signed by itself, until 2120.
const CERTIFICATE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/harness/tls/localhost.crt");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/harness/tls/localhost.key");

/// A server at this address that gives everyone this, over TLS. Returns its port. It ends with the
/// tests.
fn storage(address: &str, content: &[u8]) -> u16 {
    let certificate = CertificateDer::from_pem_file(CERTIFICATE).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(KEY).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a certificate with its key");
    let (config, content) = (Arc::new(config), content.to_vec());
    let listener = TcpListener::bind((address, 0)).expect("an address");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whoever does not trust us leaves.
            let _ = give(stream, &config, &content);
        }
    });
    port
}

fn give(stream: TcpStream, config: &Arc<ServerConfig>, content: &[u8]) -> std::io::Result<()> {
    stream.set_read_timeout(Some(DEADLINE))?;
    let connection = ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let (mut head, mut octet) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut octet)?;
        head.push(octet[0]);
    }
    stream.write_all(&Told::answer(200, "", content).octets)?;
    stream.conn.send_close_notify();
    stream.flush()
}

#[test]
fn https_is_trusted_as_far_as_its_certificate_goes() {
    let artifact = Artifact::of(&edition(2, ""));
    let named = storage("127.0.0.1", &artifact.component);
    let nameless = storage("127.0.0.2", &artifact.component);
    let liar = Liar::start(move |asked, _| {
        let host = asked.target.split('/').nth(2).unwrap_or_default();
        let port = if host == "127.0.0.2" { nameless } else { named };
        match asked.target.contains("/blobs/") {
            true => Told::answer(307, &format!("Location: https://{host}:{port}/\r\n"), b""),
            false => honestly(asked, &artifact),
        }
    });
    let swap = |trusted: &str, host: &str| {
        let under = ["env".into(), format!("SSL_CERT_FILE={trusted}")];
        let server = editions().under(under.into()).serve_editions("parameter guest-cache off");
        let finished = server.ctl(&["swap", &liar.reference(&format!("{host}/guest:1"))]);
        (server.get("/page").edition(), finished)
    };
    for host in ["localhost", "127.0.0.1"] {
        let (edition, finished) = swap(CERTIFICATE, host);
        finished.succeeds();
        assert_eq!(edition, 2);
    }
    // A certificate for another name, and one that nobody vouches for.
    for (trusted, host) in [(CERTIFICATE, "127.0.0.2"), ("/dev/null", "localhost")] {
        let (edition, finished) = swap(trusted, host);
        finished.complains(1, &["the component did not come", "refused at the step pull"]);
        assert_eq!(edition, 1);
    }
}
