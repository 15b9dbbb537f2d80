//! How a stream is cut changes nothing.

use proptest::prelude::*;

use super::*;

fn streams() -> Vec<(Exchange, Vec<u8>)> {
    let keep = Recognizer::default().keep_content(true);
    let claude = post("api.anthropic.com", "/v1/messages", anthropic::HELLO).sse();
    let host = "bedrock-runtime.eu-west-1.amazonaws.com";
    let nova = post(host, "/model/m/converse-stream", "{}")
        .header("content-type", "application/vnd.amazon.eventstream");
    let mut changed = bedrock::stream("end_turn");
    changed[200] ^= 1;
    let crlf = anthropic::STREAM.replace('\n', "\r\n");
    let mut out = vec![
        (claude.clone(), anthropic::STREAM.into()),
        (claude.clone(), crlf.into_bytes()),
        (claude.clone(), anthropic::STREAM.as_bytes()[..700].to_vec()),
        (claude, b"data: {\"type\":\"\xff\"}\n\ndata: x\n\n".to_vec()),
        (nova.clone(), bedrock::stream("guardrail_intervened")),
        (nova.clone(), bedrock::stream("end_turn")[..400].to_vec()),
        (nova, changed),
        (
            post("api.openai.com", "/v1/embeddings", "{}"),
            br#"{"data":[{},{}],"usage":{"prompt_tokens":1}}"#.to_vec(),
        ),
    ];
    for (call, _) in &mut out {
        call.recognizer = keep.clone();
    }
    out
}

#[test]
fn byte_by_byte() {
    for (call, bytes) in streams() {
        let whole = call.observe([&bytes], End::Complete);
        assert_eq!(call.observe(bytes.chunks(1), End::Complete), whole);
    }
}

proptest! {
    #[test]
    fn any_split(
        which in 0..8_usize,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
        dropped in any::<bool>(),
    ) {
        let (call, bytes) = streams().swap_remove(which);
        let end = if dropped { End::Dropped } else { End::Complete };
        let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let chunks: Vec<_> = at.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
        prop_assert_eq!(call.observe(chunks, end.clone()), call.observe([&bytes], end));
    }
}
