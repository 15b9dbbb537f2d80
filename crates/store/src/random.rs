//! Names nobody else uses.

use std::io;

/// 128 random bits in hex.
///
/// # Errors
/// The system has no random numbers to give.
pub(crate) fn hex16() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hex::encode(bytes))
}
