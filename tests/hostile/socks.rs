//! A SOCKS proxy that connects whoever comes to one address, and remembers which host was asked for.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The proxy; it listens until the tests end.
pub(crate) struct Socks {
    pub(crate) address: SocketAddr,
    hosts: Arc<Mutex<Vec<String>>>,
}

impl Socks {
    /// A proxy that lets in who shows `user:password`, or everybody when that is empty.
    pub(crate) fn start(to: SocketAddr, user: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let proxy = Self { address: listener.local_addr().expect("an address"), hosts: Arc::default() };
        let hosts = Arc::clone(&proxy.hosts);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (hosts, user) = (Arc::clone(&hosts), user.clone());
                // A client that goes away is its own affair.
                thread::spawn(move || serve(stream, to, &user, &hosts));
            }
        });
        proxy
    }

    /// The hosts that were asked for.
    pub(crate) fn hosts(&self) -> Vec<String> {
        self.hosts.lock().expect("nobody panicked").clone()
    }
}

fn serve(mut client: TcpStream, to: SocketAddr, user: &str, hosts: &Mutex<Vec<String>>) -> io::Result<()> {
    let [version] = taken(&mut client)?;
    let host = if version == 5 { version_5(&mut client, user)? } else { version_4(&mut client)? };
    hosts.lock().expect("nobody panicked").push(host);
    let accepted: &[u8] = if version == 5 { &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0] } else { &[0, 90, 0, 0, 0, 0, 0, 0] };
    client.write_all(accepted)?;
    let (mut from, mut target) = (client.try_clone()?, TcpStream::connect(to)?);
    let mut back = target.try_clone()?;
    thread::spawn(move || io::copy(&mut from, &mut target));
    io::copy(&mut back, &mut client)?;
    client.shutdown(std::net::Shutdown::Both)
}

fn version_5(client: &mut TcpStream, user: &str) -> io::Result<String> {
    let [methods] = taken(client)?;
    some(client, methods)?;
    client.write_all(&[5, if user.is_empty() { 0 } else { 2 }])?;
    if !user.is_empty() {
        let [_, length] = taken(client)?;
        let name = some(client, length)?;
        let [length] = taken(client)?;
        let shown = format!("{name}:{}", some(client, length)?);
        client.write_all(&[1, u8::from(shown != user)])?;
    }
    // Version, CONNECT, nothing, a name.
    let [5, 1, 0, 3, length] = taken(client)? else { return Err(io::ErrorKind::InvalidData.into()) };
    let host = some(client, length)?;
    let [_, _] = taken(client)?;
    Ok(host)
}

fn version_4(client: &mut TcpStream) -> io::Result<String> {
    // CONNECT, a port, an address that says that a name follows.
    let [1, _, _, 0, 0, 0, _] = taken(client)? else { return Err(io::ErrorKind::InvalidData.into()) };
    until_zero(client)?;
    until_zero(client)
}

fn until_zero(client: &mut TcpStream) -> io::Result<String> {
    let mut text = String::new();
    loop {
        match taken(client)? {
            [0] => return Ok(text),
            [byte] => text.push(char::from(byte)),
        }
    }
}

fn taken<const N: usize>(client: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn some(client: &mut TcpStream, length: u8) -> io::Result<String> {
    let mut bytes = vec![0; usize::from(length)];
    client.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
