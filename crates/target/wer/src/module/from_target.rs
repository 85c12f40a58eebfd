//! Values that can be made from any bytes of another process, without unsafe code.

/// A type that any bytes are a value of, laid out as in the application: numbers, arrays of them, and structs made by
/// [`target_struct!`](crate::target_struct).
pub trait FromTarget: Sized {
    /// The value that these bytes, as many as the type has, lay out. Bytes that are missing count as zero.
    fn from_target(bytes: &[u8]) -> Self;
}

macro_rules! number {
    ($($number:ty)*) => {$(
        impl FromTarget for $number {
            fn from_target(bytes: &[u8]) -> Self {
                let mut own = [0; size_of::<Self>()];
                for (to, from) in own.iter_mut().zip(bytes) {
                    *to = *from;
                }
                Self::from_ne_bytes(own)
            }
        }
    )*};
}

number!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64);

impl<T: FromTarget, const N: usize> FromTarget for [T; N] {
    fn from_target(bytes: &[u8]) -> Self {
        core::array::from_fn(|index| T::from_target(bytes.get(index * size_of::<T>()..).unwrap_or_default()))
    }
}

/// Declares a struct that application and module share: `#[repr(C)]`, readable from the crashed process.
///
/// ```
/// wer::target_struct! {
///     /// What the application wants to be known after a crash.
///     #[derive(Clone, Copy)]
///     pub struct Payload {
///         pub version: i32,
///         pub status: [u16; 256],
///     }
/// }
/// assert_eq!(size_of::<Payload>(), 516);
/// ```
#[macro_export]
macro_rules! target_struct {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            $($(#[$field_attribute:meta])* $field_visibility:vis $field:ident: $type:ty),+ $(,)?
        }
    ) => {
        $(#[$attribute])*
        #[repr(C)]
        $visibility struct $name {
            $($(#[$field_attribute])* $field_visibility $field: $type),+
        }

        impl $crate::module::FromTarget for $name {
            fn from_target(bytes: &[u8]) -> Self {
                Self {
                    $($field: <$type as $crate::module::FromTarget>::from_target(
                        bytes.get(::core::mem::offset_of!(Self, $field)..).unwrap_or_default(),
                    )),+
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    target_struct! {
        #[derive(Debug, PartialEq)]
        struct Mixed {
            small: u8,
            large: u64,
            pair: [u16; 2],
        }
    }

    #[test]
    fn fields_are_read_where_c_puts_them() {
        let mut bytes = [0; 24];
        bytes[0] = 7;
        bytes[8..16].copy_from_slice(&9_u64.to_ne_bytes());
        bytes[16..20].copy_from_slice(&[1, 0, 2, 0]);
        assert_eq!(size_of::<Mixed>(), 24);
        assert_eq!(Mixed::from_target(&bytes), Mixed { small: 7, large: 9, pair: [1, 2] });
        assert_eq!(Mixed::from_target(&[5]), Mixed { small: 5, large: 0, pair: [0, 0] });
    }
}
