//! Requests and responses in the shapes of MS-CER2 section 4.

use wer_wire::level1::{ApplicationInfo, Level1Request, Level1Response};

use crate::utf16;

const APPCRASH: &str = r#"<?xml version="1.0" encoding="UTF-16"?>
<WERREPORT xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
    <MACHINEINFO machinename="MYMACHINE" os="6.1.6561.2.0.0.256.1" lcid="1033" oem="A &amp; B"/>
    <USERINFO username="DOMAIN\user"/>
    <EVENTINFO reporttype="2" eventtime="128496925196486378" eventtype="APPCRASH" friendlyeventname="Stopped working"/>
    <APPLICATIONINFO appname="crash.exe" apppath="C:\crash.exe" appcompany="Contoso"/>
    <SIGNATURE>
        <PARAMETER id="1" name="Application Version" value="1.0.0.0"/>
        <PARAMETER id="0" name="Application Name" value="crash.exe"/>
        <PARAMETER id="6" value="c0000005"/>
    </SIGNATURE>
    <FILES><FILE filename="Version.txt" filetype="5"/></FILES>
</WERREPORT>"#;

fn expected() -> Level1Request {
    Level1Request {
        user_name: r"DOMAIN\user".into(),
        machine_name: "MYMACHINE".into(),
        os: "6.1.6561.2.0.0.256.1".into(),
        lcid: "1033".into(),
        oem: Some("A & B".into()),
        application: Some(ApplicationInfo {
            name: "crash.exe".into(),
            path: r"C:\crash.exe".into(),
            company: Some("Contoso".into()),
        }),
        report_type: 2,
        event_type: "APPCRASH".into(),
        friendly_event_name: Some("Stopped working".into()),
        event_description: None,
        event_time_filetime: 128_496_925_196_486_378,
        parameters: vec![
            (0, "Application Name".into(), "crash.exe".into()),
            (1, "Application Version".into(), "1.0.0.0".into()),
            (6, String::new(), "c0000005".into()),
        ],
        secondary_parameters: vec![],
        files: vec![("Version.txt".into(), 5)],
    }
}

#[test]
fn appcrash_is_read_in_every_encoding() {
    assert_eq!(Level1Request::parse(&utf16(APPCRASH)), Ok(expected()));
    assert_eq!(Level1Request::parse(APPCRASH.as_bytes()), Ok(expected()));
    let bare: Vec<u8> = APPCRASH.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(Level1Request::parse(&bare), Ok(expected()));
    let big: Vec<u8> = APPCRASH.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(Level1Request::parse(&big), Ok(expected()));
}

#[test]
fn bluescreen_has_secondary_parameters_only() {
    let xml = r#"<WERREPORT><USERINFO username=""/><MACHINEINFO machinename="M" os="x" lcid="14337"/>
        <EVENTINFO reporttype="4" eventtype="BlueScreen" eventtime="1"/><APPLICATIONINFO appname="Windows" apppath="w"/>
        <SIGNATURE><SECONDARYPARAMETER name="BCCode" value="7f"/><SECONDARYPARAMETER name="OS Version" value="6_1"/>
        </SIGNATURE><FILES><FILE filename="Mini.dmp" filetype="2"/><FILE filename="x.etl" filetype="9"/></FILES></WERREPORT>"#;
    let request = Level1Request::parse(&utf16(xml)).unwrap();
    assert!(request.parameters.is_empty());
    assert_eq!(request.secondary_parameters[0], ("BCCode".into(), "7f".into()));
    assert_eq!(request.files.len(), 2);
    assert_eq!(request.lcid, "14337");
}

#[test]
fn unknown_elements_and_attributes_are_ignored_with_their_children() {
    let xml = APPCRASH.replace(
        "<SIGNATURE>",
        r#"<NEW a="1"><SIGNATURE><PARAMETER id="0" value="no"/></SIGNATURE></NEW><SIGNATURE x="2">"#,
    );
    assert_eq!(Level1Request::parse(&utf16(&xml)), Ok(expected()));
}

#[test]
fn what_is_written_is_what_windows_writes() {
    let body = expected().to_xml_utf16();
    assert_eq!(body.get(..2), Some(&[0xff, 0xfe][..]));
    let units: Vec<u16> =
        body.chunks_exact(2).skip(1).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
    let xml = String::from_utf16(&units).unwrap();
    assert!(xml.starts_with(
        r#"<?xml version="1.0" encoding="UTF-16"?><WERREPORT xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><USERINFO"#
    ));
    assert!(xml.contains(r#"<PARAMETER id="0" name="Application Name" value="crash.exe"/>"#));
    assert_eq!(Level1Request::parse(&body), Ok(expected()));
}

#[test]
fn responses_of_the_specification_are_read() {
    let first = Level1Response::parse(b"Response=1\r\nBucket = 101\r\nBucketTable = 5\r\n").unwrap();
    assert_eq!(first.response.as_deref(), Some("1"));
    assert_eq!((first.bucket, first.bucket_table, first.wants_cab), (Some(101), Some(5), false));

    let second = Level1Response::parse(
        b"Response=\r\nBucketTable=5\r\nBucket=7\r\niData=1\r\nMemoryDump=1\r\nfDoc=0\r\nRegKey=HKLM\\a;HKCU\\b\r\n\
          WQL=select * from x\r\nGetFile=%windir%\\a.txt; ;b.txt\r\nGetFileVersion=c.dll\r\nunknown=9\r\n\
          DumpFile=\\PersistedCabs\\Generic\\APPCRASH\\1.cab\r\n",
    )
    .unwrap();
    assert_eq!(second.response, None);
    assert!(second.wants_cab && second.wants_memory_dump && !second.wants_documents);
    assert_eq!(second.registry_keys, [r"HKLM\a", r"HKCU\b"]);
    assert_eq!(second.get_files, [r"%windir%\a.txt", "b.txt"]);
    assert_eq!(second.queries, ["select * from x"]);
    assert_eq!(second.dump_file.as_deref(), Some("/PersistedCabs/Generic/APPCRASH/1.cab"));
}

#[test]
fn responses_are_written_in_the_order_that_clients_know() {
    let response = Level1Response {
        bucket: Some(42),
        bucket_table: Some(1),
        wants_cab: true,
        wants_memory_dump: true,
        dump_file: Some(r"\cabs\a.cab".into()),
        ..Level1Response::default()
    };
    assert_eq!(
        response.to_bytes(),
        b"iData=1\r\nBucket=42\r\nBucketTable=1\r\nMemoryDump=1\r\nDumpFile=/cabs/a.cab\r\n"
    );
}
