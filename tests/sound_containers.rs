//! Sound files whose headers other programs repair, and formats beside plain WAV.
use crate::sound::{Sounds, read, refused};
use crate::support::containers::{aiff, aiff_c, au, chunk, data, fmt, piped, rf64, riff, w64};

const SHORT: [i16; 5] = [0, 8192, -16384, 32767, -32768];

#[test]
fn headers_that_other_programs_read_are_read_and_what_is_wrong_is_said() {
    let sounds = Sounds::new();
    let data = |promised| data(promised, &SHORT);
    let odd = [b"LIST".as_slice(), &5u32.to_le_bytes(), b"INFOx"].concat();
    let streamed = "all samples to the end of the file are read";
    let of_data = "the samples that its data chunk promises are read";
    for (name, bytes, said) in [
        ("whole", riff("RIFF", 46, &[fmt(), data(10)]), ""),
        ("short", riff("RIFF", 30, &[fmt(), data(10)]), of_data),
        ("zero", riff("RIFF", 0, &[fmt(), data(10)]), of_data),
        ("behind", riff("RIFF", 0, &[fmt(), data(10), chunk("LIST", b"INFO")]), of_data),
        ("sox", piped(&SHORT), streamed),
        ("ffmpeg", riff("RIFF", u32::MAX, &[fmt(), data(u32::MAX)]), streamed),
        ("nothing", riff("RIFF", 0, &[fmt(), data(0)]), streamed),
        ("unpadded", riff("RIFF", 59, &[fmt(), odd.clone(), data(10)]), "is not padded"),
        (
            "list",
            riff("RIFF", 60, &[fmt(), [odd, vec![0]].concat(), data(10)]),
            "its header has parts that cannot be read",
        ),
    ] {
        let (heard, file) = read(&sounds.write(&format!("{name}.wav"), &bytes));
        assert_eq!(heard, SHORT.map(|sample| f32::from(sample) / 32768.0), "{name}");
        assert_eq!(
            (file.sound.rate_hz, file.format, file.promised.unwrap_or(5)),
            (8000.0, "WAV", 5)
        );
        let notes = file.notes.join("; ");
        assert_eq!(notes.is_empty(), said.is_empty(), "{name}: {notes}");
        assert!(notes.contains(said), "{name}: {notes}");
    }
    // A file that ends early is none of these.
    let cut = riff("RIFF", 2036, &[fmt(), data(2000)]);
    let message = refused(&sounds.write("cut.wav", &cut));
    assert!(
        message.contains("the file ends early: found 5 samples a channel, expected the 1000"),
        "{message}"
    );
}

#[test]
fn long_and_foreign_formats_hold_the_same_samples() {
    let sounds = Sounds::new();
    for (name, format, bytes) in [
        ("a.wav", "RF64", rf64("RF64", &SHORT)),
        ("b.wav", "RF64", rf64("BW64", &SHORT)),
        ("a.w64", "W64", w64(&SHORT)),
        ("a.aiff", "AIFF", aiff(&SHORT)),
        ("a.aifc", "AIFF", aiff_c(&SHORT)),
        ("a.au", "AU", au(10, &SHORT)),
        ("b.au", "AU", au(u32::MAX, &SHORT)),
    ] {
        let (heard, file) = read(&sounds.write(name, &bytes));
        assert_eq!(heard, SHORT.map(|sample| f32::from(sample) / 32768.0), "{name}");
        let found = (file.sound.rate_hz, file.format, file.bits, file.promised);
        assert_eq!(found, (8000.0, format, Some(16), Some(5)), "{name}");
        assert!(file.notes.is_empty(), "{name}: {:?}", file.notes);
        let cut = sounds.write(&format!("cut_{name}"), &bytes[..bytes.len() - 4]);
        if name != "b.au" && format != "W64" {
            let message = refused(&cut);
            assert!(message.contains("ends early: found 3 samples"), "{name}: {message}");
        }
    }
    // Single bytes are signed in AU and AIFF.
    let numbers = [24, 3, 2, 8000, 1].map(u32::to_be_bytes).concat();
    let bytes = [b".snd".to_vec(), numbers, vec![0x80, 0, 0x40]].concat();
    assert_eq!(read(&sounds.write("bytes.au", &bytes)).0, [-1.0, 0.0, 0.5]);
    // µ-law: silence, and the largest values of both signs, 32124 of 32768.
    let numbers = [24, 3, 1, 8000, 1].map(u32::to_be_bytes).concat();
    let bytes = [b".snd".to_vec(), numbers, vec![0xff, 0x80, 0]].concat();
    let loudest = 32124.0 / 32768.0;
    assert_eq!(read(&sounds.write("law.au", &bytes)).0, [0.0, loudest, -loudest]);
}
