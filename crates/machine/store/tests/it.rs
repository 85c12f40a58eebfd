//! The store as the joining binaries use it.

mod it {
    mod events;
    mod hostile;
    mod keys;
    mod life;
    mod no_room;
    mod several;
}
