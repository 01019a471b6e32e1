//! Who made a model.

/// Beginnings of models, and their makers.
const MAKERS: &[(&str, &str)] = &[
    ("iPhone", "Apple"),
    ("iPad", "Apple"),
    ("iPod", "Apple"),
    ("SM-", "Samsung"),
    ("GT-", "Samsung"),
    ("SC-", "Samsung"),
    ("SAMSUNG", "Samsung"),
    ("Pixel", "Google"),
    ("Nexus", "Google"),
    ("Redmi", "Xiaomi"),
    ("Mi ", "Xiaomi"),
    ("MI ", "Xiaomi"),
    ("POCO", "Xiaomi"),
    ("Xiaomi", "Xiaomi"),
    ("HUAWEI", "Huawei"),
    ("HONOR", "Honor"),
    ("moto", "Motorola"),
    ("Moto", "Motorola"),
    ("XT", "Motorola"),
    ("motorola", "Motorola"),
    ("ONEPLUS", "OnePlus"),
    ("OnePlus", "OnePlus"),
    ("CPH", "OPPO"),
    ("OPPO", "OPPO"),
    ("RMX", "realme"),
    ("vivo", "vivo"),
    ("V20", "vivo"),
    ("LM-", "LG"),
    ("LG-", "LG"),
    ("Nokia", "Nokia"),
    ("TA-", "Nokia"),
    ("XQ-", "Sony"),
    ("SO-", "Sony"),
    ("BRAVIA", "Sony"),
    ("ASUS", "Asus"),
    ("Lenovo", "Lenovo"),
    ("TECNO", "Tecno"),
    ("Infinix", "Infinix"),
    ("itel", "itel"),
    ("KF", "Amazon"),
    ("AFT", "Amazon"),
    ("Nothing", "Nothing"),
];

/// The maker of a model, where its name tells.
pub(crate) fn of(model: &str) -> Option<&'static str> {
    let made = |(beginning, _): &&(&str, &str)| model.starts_with(beginning);
    MAKERS.iter().find(made).map(|(_, maker)| *maker)
}
