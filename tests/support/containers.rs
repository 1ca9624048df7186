//! Sound files of one channel of 16 bits at 8000 samples a second, in formats beside plain WAV.

fn little(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

fn big(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_be_bytes()).collect()
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}

/// A chunk of a file of the RIFF family.
pub fn chunk(name: &str, content: &[u8]) -> Vec<u8> {
    [name.as_bytes(), &length(content).to_le_bytes(), content].concat()
}

/// A file of the RIFF family with a size in its head that need not be right.
pub fn riff(name: &str, size: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    [name.as_bytes(), &size.to_le_bytes(), b"WAVE", &chunks.concat()].concat()
}

/// `fmt `.
pub fn fmt() -> Vec<u8> {
    let mut content = vec![1, 0, 1, 0];
    content.extend(8000u32.to_le_bytes());
    content.extend(16_000u32.to_le_bytes());
    content.extend([2, 0, 16, 0]);
    chunk("fmt ", &content)
}

/// `data` that promises another length than it has.
pub fn data(promised: u32, samples: &[i16]) -> Vec<u8> {
    [b"data".as_slice(), &promised.to_le_bytes(), &little(samples)].concat()
}

/// As a program leaves a WAV file that writes into a pipe.
pub fn piped(samples: &[i16]) -> Vec<u8> {
    riff("RIFF", 0x7fff_f024, &[fmt(), data(0x7fff_f000, samples)])
}

/// An RF64 file, or a BW64 one, as its name says.
pub fn rf64(name: &str, samples: &[i16]) -> Vec<u8> {
    let bytes = u64::try_from(2 * samples.len()).unwrap();
    let mut sizes = [bytes + 44, bytes, bytes / 2].map(u64::to_le_bytes).concat();
    sizes.extend([0; 4]);
    riff(name, u32::MAX, &[chunk("ds64", &sizes), fmt(), data(u32::MAX, samples)])
}

/// A Sony Wave64 file.
pub fn w64(samples: &[i16]) -> Vec<u8> {
    let guid = |name: &str, rest: &[u8]| [name.as_bytes(), rest].concat();
    let wave = |name: &str| guid(name, b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a");
    let sized = |name: Vec<u8>, content: &[u8]| {
        let size = u64::try_from(24 + content.len()).unwrap().to_le_bytes();
        let padding = vec![0; content.len().next_multiple_of(8) - content.len()];
        [name, size.to_vec(), content.to_vec(), padding].concat()
    };
    let chunks =
        [wave("wave"), sized(wave("fmt "), &fmt()[8..]), sized(wave("data"), &little(samples))]
            .concat();
    let riff = guid("riff", b"\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00");
    let size = u64::try_from(24 + chunks.len()).unwrap().to_le_bytes();
    [riff, size.to_vec(), chunks].concat()
}

/// An AIFF file.
pub fn aiff(samples: &[i16]) -> Vec<u8> {
    iff("AIFF", &common(samples), &big(samples))
}

/// An AIFF-C file whose lower bytes come first.
pub fn aiff_c(samples: &[i16]) -> Vec<u8> {
    iff("AIFC", &[&common(samples)[..], b"sowt\0\0"].concat(), &little(samples))
}

fn common(samples: &[i16]) -> Vec<u8> {
    let frames = u32::try_from(samples.len()).unwrap().to_be_bytes();
    // 8000 = 2^12 * 1.953125 as an 80-bit float: exponent 16383 + 12.
    let rate = [0x40, 0x0b, 0xfa, 0, 0, 0, 0, 0, 0, 0];
    [&[0, 1][..], &frames, &[0, 16], &rate].concat()
}

fn iff(kind: &str, common: &[u8], samples: &[u8]) -> Vec<u8> {
    let chunk = |name: &str, content: &[u8]| {
        [name.as_bytes(), &length(content).to_be_bytes(), content].concat()
    };
    let sound = [&[0; 8], samples].concat();
    let chunks = [kind.as_bytes().to_vec(), chunk("COMM", common), chunk("SSND", &sound)];
    chunk("FORM", &chunks.concat())
}

/// An AU file that promises so many bytes of samples.
pub fn au(promised: u32, samples: &[i16]) -> Vec<u8> {
    let numbers = [24, promised, 3, 8000, 1].map(u32::to_be_bytes).concat();
    [b".snd".to_vec(), numbers, big(samples)].concat()
}
