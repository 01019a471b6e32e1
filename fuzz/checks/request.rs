//! What must hold for any bytes that arrive as a bid request.

use openrtb::splice::{Object, Patches};
use openrtb::{BidRequest, Limits, pointer_at};

/// Reads, writes without a change, writes with changes, and reads again.
pub fn check(data: &[u8]) {
    let (request, repairs) = match BidRequest::read(data, &Limits::REQUEST) {
        Ok(read) => read,
        Err(error) => {
            assert!(error.pointer().is_empty() || error.pointer().starts_with('/'));
            return;
        }
    };
    assert!(!request.imp.is_empty(), "C-66");
    for repair in repairs.iter() {
        let pointer = pointer_at(data, repair.at as usize);
        assert!(pointer.is_empty() || pointer.starts_with('/'));
    }
    let mut out = Vec::new();
    let mut patches = Patches::new();
    patches.write(&request, data, &mut out);
    let text = std::str::from_utf8(&out).expect("UTF-8 stays UTF-8");
    let repeated = repairs
        .iter()
        .any(|repair| repair.kind == openrtb::RepairKind::DuplicateKey);
    let unknown = out.len() < data.len();
    if !repeated && !unknown {
        assert_eq!(
            text.as_bytes(),
            data,
            "without a change the body is written as it is"
        );
    }
    let (again, _) = BidRequest::read(&out, &Limits::REQUEST).expect("what was written is read");
    assert_eq!(again.imp.len(), request.imp.len());
    assert_eq!(again.id, request.id);

    let mut strict = Vec::new();
    request.write_strict(data, &mut strict);
    let (mended, _) =
        BidRequest::read(&strict, &Limits::MEASURED).expect("what was mended is read");
    assert!(mended.is_strict(), "C-26");
    assert_eq!(mended.imp.len(), request.imp.len());

    patches.set_text(Object::Request, "id", "ours");
    patches.set_integer(Object::Request, "tmax", 80);
    patches.set_text(Object::User, "buyeruid", "u\"1");
    patches.remove(Object::Device, "ifa");
    patches.set_integer(Object::Regs.ext(), "gdpr", 1);
    patches.append_schain_node(r#"{"asi":"a.example","sid":"1","hp":1}"#, false);
    patches.keep_imps([request.imp.len() - 1]);
    out.clear();
    patches.write(&request, data, &mut out);
    // An append may grow a chain or text past a bound; anything else is a fault of ours.
    let roomy = Limits {
        values: u32::MAX,
        ..Limits::REQUEST
    };
    let (changed, _) = BidRequest::read(&out, &roomy).expect("what was changed is read");
    assert_eq!(changed.id.as_deref(), Some("ours"));
    assert_eq!(changed.imp.len(), 1);
    assert_eq!(changed.imp[0].id, request.imp[request.imp.len() - 1].id);
    let user = changed
        .user
        .as_deref()
        .and_then(|user| user.buyeruid.as_deref());
    assert_eq!(user, Some("u\"1"));
}
