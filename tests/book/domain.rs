// the block

mod outside {
    pub(crate) struct Outside;

    impl Outside {
        pub(crate) fn pack(&self, _order_id: u64) {}

        pub(crate) fn mail(&self, _email: &str, _text: &str) -> Result<(), MailError> {
            Ok(())
        }
    }

    pub(crate) type MailError = std::io::Error;
}

fn main() {}
