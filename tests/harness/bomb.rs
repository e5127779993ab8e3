//! Components that cost more to compile than to read.

/// A component that is small to read and long to compile: so many functions, each of so many terms
/// that are all alive until the last one is there.
pub fn bomb(functions: usize, terms: usize) -> Vec<u8> {
    let section = |id: u8, content: Vec<u8>| [&[id][..], &sized(&content)].concat();
    let many = |item: &[u8]| [number(functions), item.repeat(functions)].concat();
    // No locals. A term is `local.get 0, i64.const 3, i64.mul, local.get 0, i64.div_s`; then
    // `i64.xor`.
    let term = [0x20, 0x00, 0x42, 0x03, 0x7e, 0x20, 0x00, 0x7f];
    let body = [&[0x00, 0x20, 0x00], &term.repeat(terms)[..], &vec![0x85; terms], &[0x0b]].concat();
    let module = [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, vec![1, 0x60, 1, 0x7e, 1, 0x7e]),
        section(3, many(&[0])),
        section(10, many(&sized(&body))),
    ];
    [b"\0asm\x0d\0\x01\0".to_vec(), section(1, module.concat())].concat()
}

/// The octets of a number in LEB128.
fn number(mut value: usize) -> Vec<u8> {
    let mut octets = Vec::new();
    while value >= 0x80 {
        octets.push(value as u8 | 0x80);
        value >>= 7;
    }
    octets.push(value as u8);
    octets
}

/// What is preceded by its length.
fn sized(octets: &[u8]) -> Vec<u8> {
    [&number(octets.len()), octets].concat()
}
