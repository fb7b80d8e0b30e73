// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// Holds the coins it was created with and forces them on an address that can neither refuse nor run code.
contract SelfDestructPayer {
    constructor() payable {}

    function destroy(address payable to) external {
        selfdestruct(to);
    }
}
